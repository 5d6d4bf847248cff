import { expect, it } from "vitest";
import { clockOffset, secondsLeft, secondsSince } from "./clock";
import { pauseBefore } from "./live";

const NOW = Date.parse("2026-11-20T10:00:00.000Z");

it("remaining time follows the server's clock, not ours", () => {
  const offset = clockOffset("2026-11-20T10:01:00.000Z", NOW);
  expect(offset).toBe(60_000);
  expect(secondsLeft("2026-11-20T10:01:21.000Z", offset, NOW)).toBe(21);
});

it("a begun second counts and nothing goes below zero", () => {
  expect(secondsLeft("2026-11-20T10:00:00.001Z", 0, NOW)).toBe(1);
  expect(secondsLeft("2026-11-20T09:59:59.000Z", 0, NOW)).toBe(0);
  expect(secondsLeft(null, 0, NOW)).toBe(0);
  expect(secondsLeft("nonsense", 0, NOW)).toBe(0);
  expect(secondsSince("2026-11-20T10:00:05.000Z", 0, NOW)).toBe(0);
  expect(secondsSince("2026-11-20T09:59:58.400Z", 0, NOW)).toBe(1);
});

it("an unreadable time of the server leaves our clock as it is", () => {
  expect(clockOffset("", NOW)).toBe(0);
});

it("pauses grow, end at eight seconds and differ by chance", () => {
  expect([0, 1, 2, 3, 4, 50].map((attempt) => pauseBefore(attempt, 0.5))).toEqual([300, 1000, 2000, 4000, 8000, 8000]);
  expect(pauseBefore(4, 0)).toBe(7200);
  expect(pauseBefore(4, 1)).toBe(8800);
});
