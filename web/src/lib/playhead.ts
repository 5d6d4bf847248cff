/**
 * The one playhead of a call's page: the moment that is heard now. The player moves it; whatever else shows moments of the call
 * follows it, and may move it in turn.
 */
import { useSyncExternalStore } from "react";

let moment: number | null = null;
let seek: ((moment: number) => void) | null = null;
const listeners = new Set<() => void>();

function tell() {
  for (const listener of listeners) listener();
}

export const playhead = {
  /** A player is there; it is told when somebody chooses another moment. Gives it up when called. */
  take(onSeek: (moment: number) => void): () => void {
    seek = onSeek;
    return () => {
      if (seek !== onSeek) return;
      seek = null;
      moment = null;
      tell();
    };
  },
  moved(to: number) {
    moment = to;
    tell();
  },
  choose(to: number) {
    seek?.(to);
  },
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Which of these moments, in order, was the last one before what is heard now; -1 while nothing is heard. */
export function useReached(moments: number[]): number {
  return useSyncExternalStore(subscribe, () => reached(moments, moment));
}

export function reached(moments: number[], now: number | null): number {
  return now === null ? -1 : moments.findLastIndex((each) => each <= now);
}
