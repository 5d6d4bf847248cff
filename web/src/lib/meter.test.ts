import { expect, it } from "vitest";
import { meter } from "./meter";

it("up to twelve are counted one by one, more are a bar", () => {
  expect(meter(1, 2)).toEqual({ kind: "segments", filled: [true, false] });
  expect(meter(3, 12).kind).toBe("segments");
  expect(meter(25, 100)).toEqual({ kind: "bar", share: 0.25 });
  expect(meter(7, 2)).toEqual({ kind: "segments", filled: [true, true] });
  expect(meter(120, 100)).toEqual({ kind: "bar", share: 1 });
  expect(meter(0, 0)).toEqual({ kind: "bar", share: 0 });
});
