/** How a limit is drawn. */

/** Above this many, segments are too thin to be counted. */
const MOST_SEGMENTS = 12;

export type Meter = { kind: "segments"; filled: boolean[] } | { kind: "bar"; share: number };

export function meter(used: number, max: number): Meter {
  if (max < 1) return { kind: "bar", share: used > 0 ? 1 : 0 };
  if (max > MOST_SEGMENTS) return { kind: "bar", share: Math.min(1, Math.max(0, used / max)) };
  return { kind: "segments", filled: Array.from({ length: max }, (_, index) => index < used) };
}

export type Tone = "ok" | "warn" | "bad";
