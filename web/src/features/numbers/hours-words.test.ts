import { expect, it } from "vitest";
import { fieldOf } from "./hours-words";

it("a place inside of a field is of that field", () => {
  expect(fieldOf("weekly.sun[0]")).toBe("weekly.sun");
  expect(fieldOf("holidays[3].date")).toBe("holidays");
  expect(fieldOf("holidays[0].ranges[1]")).toBe("holidays");
  expect(fieldOf("holidays.2026-12-25")).toBe("holidays.2026-12-25");
  expect(fieldOf("zone")).toBe("zone");
});
