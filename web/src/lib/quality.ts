/** How good a call sounds: the five bars and their word. */
import type { Quality } from "./api-types";

export type SoundWord = "good" | "fair" | "poor";

export interface Sound {
  bars: number;
  word: SoundWord;
}

/** Limits above which a figure is shown as a warning. */
export const WARN = { rtt_ms: 300, jitter_ms: 30, loss_percent: 3 };

/** A score of 1 to 4.5 from delay, jitter and loss: the simplified E-model (ITU-T G.107), with jitter counted as delay twice over. */
export function estimateMos(rttMs: number, jitterMs: number, lossPercent: number): number {
  const delay = rttMs / 2 + jitterMs * 2 + 10;
  const delayed = delay < 160 ? 93.2 - delay / 40 : 93.2 - (delay - 120) / 10;
  const r = Math.max(0, Math.min(100, delayed - lossPercent * 2.5));
  return 1 + 0.035 * r + 0.000007 * r * (r - 60) * (100 - r);
}

export function mosOf(quality: Quality): number | null {
  if (quality.mos !== null) return quality.mos;
  if (quality.rtt_ms === null && quality.jitter_ms === null && quality.loss_percent === null) return null;
  return estimateMos(quality.rtt_ms ?? 0, quality.jitter_ms ?? 0, quality.loss_percent ?? 0);
}

export function soundOf(mos: number): Sound {
  if (mos >= 4.1) return { bars: 5, word: "good" };
  if (mos >= 3.8) return { bars: 4, word: "good" };
  if (mos >= 3.1) return { bars: 3, word: "fair" };
  return { bars: mos >= 2.3 ? 2 : 1, word: "poor" };
}

/** The worst of the known legs: what one of the two hears is what the call is worth. */
export function worst(qualities: (Quality | null)[]): { sound: Sound; quality: Quality } | null {
  let found: { mos: number; quality: Quality } | null = null;
  for (const quality of qualities) {
    if (quality === null) continue;
    const mos = mosOf(quality);
    if (mos !== null && (found === null || mos < found.mos)) found = { mos, quality };
  }
  return found === null ? null : { sound: soundOf(found.mos), quality: found.quality };
}
