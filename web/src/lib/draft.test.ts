import { expect, it } from "vitest";
import { changesOf, without } from "./draft";

const saved = { name: "Madrid store", codecs: ["pcmu"], branch: null as string | null };

it("only what differs is a change", () => {
  expect(changesOf(saved, { name: "Madrid store", branch: "br_1" })).toEqual({ branch: "br_1" });
});

it("a value put back is no change any more, nor is a list with the same words", () => {
  expect(changesOf(saved, { codecs: ["pcmu"], branch: null })).toEqual({});
  expect(changesOf(saved, { codecs: [] })).toEqual({ codecs: [] });
});

it("what was saved meanwhile is no change any more", () => {
  expect(changesOf({ ...saved, name: "Madrid" }, { name: "Madrid" })).toEqual({});
});

it("some changes are thrown away and the others stay", () => {
  const draft = { name: "Lisbon store", codecs: [], branch: "br_1" };
  expect(without<typeof saved>(draft, ["name", "codecs"])).toEqual({ branch: "br_1" });
  expect(without<typeof saved>({ branch: "br_1" }, ["name"])).toEqual({ branch: "br_1" });
});
