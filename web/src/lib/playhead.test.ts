import { expect, it } from "vitest";
import { playhead, reached } from "./playhead";

it("the last moment before what is heard is where the call stands", () => {
  expect(reached([0, 1_000, 5_000], 4_999)).toBe(1);
  expect(reached([0, 1_000, 5_000], 5_000)).toBe(2);
  expect(reached([1_000], 0)).toBe(-1);
  expect(reached([0], null)).toBe(-1);
});

it("another player takes the playhead; the one before gives nothing up any more", () => {
  const sought: string[] = [];
  const first = playhead.take(() => sought.push("first"));
  const second = playhead.take(() => sought.push("second"));
  first();
  playhead.choose(1);
  second();
  playhead.choose(2);
  expect(sought).toEqual(["second"]);
});
