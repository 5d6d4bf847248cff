import { expect, it } from "vitest";
import { untilOf } from "./length";

const NOW = Date.parse("2026-11-20T10:00:00.000Z");

it("a caller is blocked for a while or until somebody lets him through", () => {
  expect(untilOf("day", NOW)).toBe("2026-11-21T10:00:00.000Z");
  expect(untilOf("week", NOW)).toBe("2026-11-27T10:00:00.000Z");
  expect(untilOf("forever", NOW)).toBeNull();
});
