import { describe, expect, it } from "vitest";
import type { CallPages } from "./call-list";
import { matches, withCall } from "./call-list";
import { readCallSearch } from "./call-search";
import { aCall } from "./test-data";

const pages = (...ids: string[][]): CallPages => ({
  pages: ids.map((page) => ({ items: page.map((id) => aCall(id, {})), next_cursor: null })),
  pageParams: ids.map(() => undefined),
});

const shown = (list: CallPages) => list.pages.map((page) => page.items.map((item) => item.id));

describe("a live list", () => {
  it("puts a new call on top", () => {
    expect(shown(withCall(pages(["b"], ["a"]), aCall("c", {}), {}))).toEqual([["c", "b"], ["a"]]);
  });

  it("changes a known call where it stands and leaves other pages as they are", () => {
    const before = pages(["b"], ["a"]);
    const after = withCall(before, aCall("a", { status: "answered" }), {});
    expect(after.pages[1]?.items[0]?.status).toBe("answered");
    expect(after.pages[0]).toBe(before.pages[0]);
  });

  it("takes a call away that no longer matches, and does not take in what never did", () => {
    const filter = { status: "ringing" } as const;
    expect(shown(withCall(pages(["a"]), aCall("a", { status: "answered" }), filter))).toEqual([[]]);
    const before = pages(["a"]);
    expect(withCall(before, aCall("z", { status: "missed" }), filter)).toBe(before);
  });
});

it("a search finds names without accents and numbers without spaces", () => {
  const call = aCall("a", {
    caller: { name: "Lucía Torres", phone: "+34 655 501 234", username: null, country: null },
  });
  expect(matches(call, { search: "lucia" })).toBe(true);
  expect(matches(call, { search: "655501" })).toBe(true);
  expect(matches(call, { search: "5501 2" })).toBe(true);
  expect(matches(call, { search: "marta" })).toBe(false);
  expect(matches(call, { direction: "outgoing" })).toBe(false);
});

it("an address with foreign words still opens a list", () => {
  expect(readCallSearch({ status: "missed", direction: "sideways", search: 34612, evil: "x" })).toEqual({
    status: "missed",
    search: "34612",
  });
  expect(readCallSearch({ search: "   " })).toEqual({});
});
