import { expect, it } from "vitest";
import { estimateMos, soundOf, worst } from "./quality";

it("a clean path sounds good and a lossy one poor", () => {
  expect(estimateMos(40, 5, 0)).toBeGreaterThan(4.2);
  expect(estimateMos(40, 5, 4)).toBeLessThan(4.2);
  expect(estimateMos(700, 80, 20)).toBeLessThan(3.1);
  expect(estimateMos(10_000, 5_000, 100)).toBe(1);
});

it("the words change at their scores", () => {
  expect([4.1, 4.09, 3.8, 3.79, 3.1, 3.09, 1].map((mos) => soundOf(mos).word)).toEqual([
    "good",
    "good",
    "good",
    "fair",
    "fair",
    "poor",
    "poor",
  ]);
});

it("the worst leg is what the call is worth; unmeasured legs say nothing", () => {
  const leg = (mos: number | null) => ({ mos, loss_percent: null, jitter_ms: null, rtt_ms: null });
  expect(worst([null, leg(null)])).toBeNull();
  expect(worst([leg(4.3), leg(2), null])?.sound.word).toBe("poor");
});
