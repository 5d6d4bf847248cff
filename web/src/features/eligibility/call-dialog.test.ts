import { expect, it } from "vitest";
import { digitsOf } from "./call-dialog";

it("a number is read in any form people write, nonsense is not", () => {
  expect(digitsOf("+55 (11) 98211-4477")).toBe("5511982114477");
  expect(digitsOf("0044.7700/900001")).toBe("00447700900001");
  expect(digitsOf("call me")).toBeNull();
  expect(digitsOf("1234")).toBeNull();
  expect(digitsOf("")).toBeNull();
});
