/**
 * The line to the server: opens it, plays what comes through it, opens it again when it is lost. A call is bridged to whatever line
 * is open, so a new line in mid-call is all that a refresh or a change of network takes.
 */
import type { ClientFrame, ServerFrame } from "../api-types";
import { type LegStats, Peer } from "./peer";
import type { LineState } from "./state";

/** An answer or a connection that takes longer will not come. */
const OPEN_WITHIN_MS = 10_000;
const PAUSES_MS = [500, 1_500, 3_000, 6_000, 12_000];

export interface LineHandlers {
  send(frame: ClientFrame): boolean;
  changed(state: LineState, lineId?: string | null): void;
  /** The browser refused to play without a click. */
  playRefused(): void;
}

export class Line {
  private peer: Peer | null = null;
  private request = "";
  private next = 0;
  private lineId: string | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private iceServers: RTCIceServer[] = [];
  private track: MediaStreamTrack | null = null;
  private mayPlay = false;
  private readonly audio = document.createElement("audio");
  private readonly handlers: LineHandlers;

  constructor(handlers: LineHandlers) {
    this.handlers = handlers;
    this.audio.autoplay = false;
    this.audio.hidden = true;
    this.audio.dataset.testid = "line-audio";
    document.body.append(this.audio);
  }

  get id(): string | null {
    return this.lineId;
  }

  open(iceServers: RTCIceServer[]) {
    this.iceServers = iceServers;
    this.attempt = 0;
    void this.start();
  }

  close(state: LineState = "closed") {
    clearTimeout(this.retry);
    clearTimeout(this.patience);
    this.request = "";
    this.lineId = null;
    this.peer?.close();
    this.peer = null;
    this.audio.srcObject = null;
    this.handlers.changed(state, null);
  }

  heard(frame: ServerFrame) {
    if (frame.type === "line_answer" && frame.request === this.request && this.peer !== null) {
      this.lineId = frame.line_id;
      this.handlers.changed("opening", frame.line_id);
      this.peer.accept(frame.sdp).catch(() => this.again("failed"));
    } else if (frame.type === "error" && frame.request !== null && frame.request === this.request) {
      this.again("failed");
    } else if (frame.type === "line" && frame.line_id === this.lineId) {
      if (frame.state === "replaced") this.close("replaced");
      else if (frame.state === "connected") this.up();
      else this.again(frame.state);
    }
  }

  /** Puts the microphone on the line, now and on every line that follows; `null` takes it off. */
  async send(track: MediaStreamTrack | null) {
    this.track = track;
    await this.peer?.send(track);
  }

  /** Lets the line sound. Call it once the page may. */
  async play() {
    this.mayPlay = true;
    if (this.peer === null) return;
    if (this.audio.srcObject !== this.peer.remote) this.audio.srcObject = this.peer.remote;
    try {
      await this.audio.play();
    } catch (error) {
      // A line that was replaced while play() waited says AbortError; only a refusal by the browser needs a click.
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.mayPlay = false;
        this.handlers.playRefused();
      }
    }
  }

  async speakThrough(deviceId: string | null) {
    const audio = this.audio as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    await audio.setSinkId?.(deviceId ?? "").catch(() => undefined);
  }

  stats(): Promise<LegStats> | null {
    return this.peer?.stats() ?? null;
  }

  private async start() {
    clearTimeout(this.retry);
    clearTimeout(this.patience);
    const old = this.peer;
    this.handlers.changed("opening", null);
    this.lineId = null;
    this.next += 1;
    const request = `line-${this.next}`;
    this.request = request;
    const peer: Peer = new Peer(this.iceServers, {
      connected: () => this.peer === peer && this.up(),
      lost: () => this.peer === peer && this.again("lost"),
    });
    this.peer = peer;
    old?.close();
    this.patience = setTimeout(() => this.again("failed"), OPEN_WITHIN_MS);
    try {
      const sdp = await peer.offer();
      await peer.send(this.track);
      if (this.request !== request) return;
      if (!this.handlers.send({ type: "line_open", request, sdp })) this.again("failed");
    } catch {
      if (this.request === request) this.again("failed");
    }
  }

  private up() {
    clearTimeout(this.patience);
    this.attempt = 0;
    this.handlers.changed("connected", this.lineId);
    if (this.mayPlay) void this.play();
  }

  private again(state: LineState) {
    clearTimeout(this.patience);
    clearTimeout(this.retry);
    this.handlers.changed(state, this.lineId);
    const pause = PAUSES_MS[Math.min(this.attempt, PAUSES_MS.length - 1)] ?? 12_000;
    this.attempt += 1;
    this.retry = setTimeout(() => void this.start(), pause);
  }
}
