import { expect, it } from "vitest";
import { countIn, FIELDS, SECTIONS, sectionOf } from "./sections";

it("a word that is no part opens none", () => {
  expect(sectionOf("hours")).toBe("hours");
  expect(sectionOf("weather")).toBeNull();
});

it("each setting stands in one part only, so that no change is counted twice", () => {
  const every = SECTIONS.flatMap((section) => FIELDS[section] ?? []);
  expect(new Set(every).size).toBe(every.length);
});

it("the changes of a part are counted, not those of its neighbours", () => {
  expect(countIn({ name: "Madrid", recording_mode: "on" }, FIELDS.ringing ?? [])).toBe(1);
});
