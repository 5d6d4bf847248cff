/**
 * The one WebSocket of the page. It reconnects by itself with a growing pause; the server's `hello` after each opening carries the
 * whole truth, so nothing has to be replayed.
 */
import type { ClientFrame, ServerFrame } from "./api-types";

const PING_EVERY_MS = 15_000;
/** No sign of life for this long after a ping: the connection is dead although the socket does not know it. */
const PONG_WITHIN_MS = 8_000;
const PAUSES_MS = [300, 1_000, 2_000, 4_000, 8_000];

/** The pause before the next try, with up to a fifth of chance so that a hundred consoles do not come back at the same moment. */
export function pauseBefore(attempt: number, chance: number): number {
  const base = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 8_000;
  return Math.round(base * (0.9 + chance * 0.2));
}

export interface LiveHandlers {
  frame(frame: ServerFrame): void;
  /** The stream is gone; it is being tried again. */
  lost(): void;
  /** Opening failed: perhaps the session is over. Answer false to stop trying. */
  mayRetry(): Promise<boolean>;
}

export class Live {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private ping: ReturnType<typeof setInterval> | undefined;
  private pong: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;
  private readonly handlers: LiveHandlers;

  constructor(handlers: LiveHandlers) {
    this.handlers = handlers;
  }

  start() {
    if (!this.stopped) return;
    this.stopped = false;
    addEventListener("online", this.tryNow);
    this.open();
  }

  stop() {
    this.stopped = true;
    removeEventListener("online", this.tryNow);
    clearTimeout(this.retry);
    this.quiet();
    this.socket?.close();
    this.socket = null;
  }

  /** Says something, when the stream is open; false when it is not. */
  send(frame: ClientFrame): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Does not wait for the pause to pass. */
  tryNow = () => {
    if (this.stopped || this.socket !== null) return;
    clearTimeout(this.retry);
    this.attempt = 0;
    this.open();
  };

  private open() {
    const url = new URL("/api/v1/events", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.ping = setInterval(() => this.beat(), PING_EVERY_MS);
    };
    socket.onmessage = (message) => {
      clearTimeout(this.pong);
      const frame = JSON.parse(String(message.data)) as ServerFrame;
      if (frame.type === "hello") this.attempt = 0;
      if (frame.type !== "pong") this.handlers.frame(frame);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.gone(opened);
    };
  }

  private async again(opened: boolean) {
    if (!opened && !(await this.handlers.mayRetry())) return;
    if (this.stopped || this.socket !== null) return;
    const pause = pauseBefore(this.attempt, Math.random());
    this.attempt += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), pause);
  }

  private beat() {
    if (!this.send({ type: "ping" })) return;
    clearTimeout(this.pong);
    this.pong = setTimeout(() => this.giveUp(), PONG_WITHIN_MS);
  }

  /** A dead network answers no closing handshake either, so the end is declared here and not waited for. */
  private giveUp() {
    const socket = this.socket;
    if (socket === null) return;
    socket.onclose = null;
    socket.close();
    this.gone(true);
  }

  private gone(opened: boolean) {
    this.socket = null;
    this.quiet();
    if (this.stopped) return;
    this.handlers.lost();
    void this.again(opened);
  }

  private quiet() {
    clearInterval(this.ping);
    clearTimeout(this.pong);
  }
}
