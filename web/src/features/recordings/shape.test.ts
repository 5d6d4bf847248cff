import { expect, it } from "vitest";
import { lanes, markOf, nextSpeed, soughtBy, ticks } from "./shape";

it("two lanes of unequal length end together", () => {
  expect(lanes({ interval_ms: 100, left: [0, 255], right: [51] })).toEqual([
    [0, 1],
    [0.2, 0],
  ]);
  expect(lanes({ interval_ms: 100, left: [], right: [] })).toEqual([[], []]);
});

it("a pause lies where it was, and never outside", () => {
  expect(markOf({ from_ms: 2_000, to_ms: 4_000 }, 10_000)).toEqual({ leftPercent: 20, widthPercent: 20 });
  expect(markOf({ from_ms: 9_000, to_ms: 99_000 }, 10_000)).toEqual({ leftPercent: 90, widthPercent: 10 });
  expect(markOf({ from_ms: 0, to_ms: 1_000 }, 0)).toEqual({ leftPercent: 0, widthPercent: 0 });
});

it("the axis says round times, never more than seven", () => {
  expect(ticks(9)).toEqual([0, 2, 4, 6, 8]);
  expect(ticks(123)).toEqual([0, 30, 60, 90]);
  expect(ticks(130)).toEqual([0, 30, 60, 90, 120]);
  expect(ticks(4 * 3600).length).toBeLessThanOrEqual(7);
  expect(ticks(0)).toEqual([0]);
});

it("keys seek, within the recording", () => {
  expect(soughtBy("ArrowRight", 10, 12)).toBe(12);
  expect(soughtBy("ArrowLeft", 3, 12)).toBe(0);
  expect(soughtBy("PageUp", 0, 100)).toBe(30);
  expect(soughtBy("End", 1, 12)).toBe(12);
  expect(soughtBy("m", 1, 12)).toBeNull();
});

it("the speeds go round", () => {
  expect(nextSpeed(1)).toBe(1.5);
  expect(nextSpeed(2)).toBe(1);
});
