/** The pure half of the player: places on the time line, peaks as wavesurfer wants them, what a key does. */
import type { Peaks } from "./api";

export const SPEEDS = [1, 1.5, 2] as const;
export type Speed = (typeof SPEEDS)[number];

export function nextSpeed(now: Speed): Speed {
  return SPEEDS[(SPEEDS.indexOf(now) + 1) % SPEEDS.length] ?? 1;
}

/** Both lanes from 0 to 1, as loud as they were; a lane shorter than the other ends in silence. */
export function lanes(peaks: Peaks): [number[], number[]] {
  const length = Math.max(peaks.left.length, peaks.right.length);
  const lane = (values: number[]) => Array.from({ length }, (_, index) => (values[index] ?? 0) / 255);
  return [lane(peaks.left), lane(peaks.right)];
}

export interface Mark {
  leftPercent: number;
  widthPercent: number;
}

/** Where a pause lies on the time line. */
export function markOf(pause: { from_ms: number; to_ms: number }, durationMs: number): Mark {
  if (durationMs <= 0) return { leftPercent: 0, widthPercent: 0 };
  const at = (ms: number) => Math.min(100, Math.max(0, (ms / durationMs) * 100));
  const leftPercent = at(pause.from_ms);
  return { leftPercent, widthPercent: Math.max(0, at(pause.to_ms) - leftPercent) };
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** Seconds at which the axis says the time: round ones, at most seven of them, none so near the end that its word would be cut. */
export function ticks(durationS: number): number[] {
  const step = STEPS_S.find((each) => durationS / each <= 6) ?? 3600;
  const every = Array.from({ length: Math.floor(durationS / step) + 1 }, (_, index) => index * step);
  return every.filter((tick) => tick === 0 || tick < durationS * 0.93);
}

/** Where a key of the time line leads, in seconds; `null` when it is none of its keys. */
export function soughtBy(key: string, atS: number, durationS: number): number | null {
  const within = (at: number) => Math.min(durationS, Math.max(0, at));
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return within(atS - 5);
    case "ArrowRight":
    case "ArrowUp":
      return within(atS + 5);
    case "PageDown":
      return within(atS - 30);
    case "PageUp":
      return within(atS + 30);
    case "Home":
      return 0;
    case "End":
      return durationS;
    default:
      return null;
  }
}
