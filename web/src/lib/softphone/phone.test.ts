import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { hello } from "../test-data";
import { Phone } from "./phone";

/** The browser's end of the stream: opened and spoken through by the test. */
class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  said: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor() {
    Socket.all.push(this);
  }

  send(text: string) {
    this.said.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  opens() {
    this.readyState = Socket.OPEN;
    this.onopen?.();
    this.onmessage?.({ data: JSON.stringify(hello({})) });
  }
}

const wishes = (socket: Socket | undefined) =>
  socket?.said.filter((frame) => (frame as { type: string }).type === "status");

let phone: Phone;

beforeEach(() => {
  Socket.all = [];
  vi.stubGlobal("WebSocket", Socket);
  // As where a page has no Web Locks: this tab is the phone.
  vi.stubGlobal("navigator", Object.create(navigator, { locks: { value: undefined } }));
  phone = new Phone();
  phone.start([]);
});

afterEach(() => {
  phone.stop();
  vi.unstubAllGlobals();
});

it("a status wished while the stream is gone is said once, when it is back", () => {
  expect(phone.setStatus("available")).toBe(false);
  phone.wishStatus("available");
  const [first] = Socket.all;
  first?.opens();
  expect(wishes(first)).toEqual([{ type: "status", status: "available" }]);
  first?.onmessage?.({ data: JSON.stringify(hello({})) });
  expect(wishes(first)).toHaveLength(1);
});

it("over an open stream it is said at once", () => {
  const [first] = Socket.all;
  first?.opens();
  phone.wishStatus("do_not_disturb");
  expect(wishes(first)).toEqual([{ type: "status", status: "do_not_disturb" }]);
});

it("a wish ends with the session", () => {
  phone.wishStatus("available");
  phone.stop();
  phone.start([]);
  const next = Socket.all.at(-1);
  next?.opens();
  expect(wishes(next)).toEqual([]);
});
