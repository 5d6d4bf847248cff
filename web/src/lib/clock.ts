/**
 * One clock for the page: the server's. Deadlines come from the server, so what is left of them is counted with the offset learnt
 * from `hello.server_time`, never with the time of this machine alone. All counters on the page share one ticker of a second.
 */
import { useSyncExternalStore } from "react";

/** How far the server's clock is ahead of ours. */
export function clockOffset(serverTime: string, localNow: number): number {
  const server = Date.parse(serverTime);
  return Number.isNaN(server) ? 0 : server - localNow;
}

/** Whole seconds left until a deadline of the server, never below zero. A begun second counts, as people count down. */
export function secondsLeft(deadline: string | null, offsetMs: number, localNow: number): number {
  if (deadline === null) return 0;
  const left = Date.parse(deadline) - (localNow + offsetMs);
  return Number.isNaN(left) ? 0 : Math.max(0, Math.ceil(left / 1000));
}

/** Whole seconds since a moment of the server, never below zero. */
export function secondsSince(moment: string | null, offsetMs: number, localNow: number): number {
  if (moment === null) return 0;
  const past = localNow + offsetMs - Date.parse(moment);
  return Number.isNaN(past) ? 0 : Math.max(0, Math.floor(past / 1000));
}

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time of this machine, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
