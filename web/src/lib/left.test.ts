import { expect, it } from "vitest";
import { leftUntil } from "./left";

const NOW = Date.parse("2026-11-20T12:46:00Z");

it("what is left is said in the largest unit that still tells something", () => {
  expect(leftUntil("2026-11-20T12:46:20Z", NOW)).toEqual({ key: "minutes", minutes: 1 });
  expect(leftUntil("2026-11-20T16:00:00Z", NOW)).toEqual({ key: "hours", hours: 3, minutes: 14 });
  expect(leftUntil("2026-11-25T13:00:00Z", NOW)).toEqual({ key: "days", days: 5 });
});

it("what is over, or no moment at all, is now", () => {
  expect(leftUntil("2026-11-20T12:45:00Z", NOW)).toEqual({ key: "now" });
  expect(leftUntil("some day", NOW)).toEqual({ key: "now" });
});
