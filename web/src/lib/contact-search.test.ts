import { expect, it } from "vitest";
import { readContactSearch, readContactsSearch } from "./contact-search";

it("a number that somebody searches for is read as words", () => {
  expect(readContactsSearch({ q: 98211, tag: "vip" })).toEqual({ q: "98211", tag: "vip" });
  expect(readContactsSearch({ q: "  ", tag: 7, page: 3 })).toEqual({ tag: "7" });
});

it("the page of a contact keeps the filter of the list, and no foreign words", () => {
  expect(readContactSearch({ q: "ana", tab: "consent", number: "num_1" })).toEqual({
    q: "ana",
    tab: "consent",
    number: "num_1",
  });
  expect(readContactSearch({ tab: "secrets", number: "<script>" })).toEqual({});
});
