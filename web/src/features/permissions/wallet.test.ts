import { expect, it } from "vitest";
import { mayAsk, unanswered, validity } from "./wallet";

const at = (text: string) => Date.parse(text);
const NOW = at("2026-11-20T12:00:00Z");

const temporary = {
  status: "temporary" as const,
  granted_at: "2026-11-18T12:00:00Z",
  call_until: "2026-11-21T12:00:00Z",
  expires_at: "2026-11-25T12:00:00Z",
};

it("the line runs from what was allowed over our limit to Meta’s, with now among them", () => {
  const line = validity(temporary, NOW);
  expect(line?.marks.map(({ name }) => name)).toEqual(["granted", "ours", "meta", "now"]);
  const places = Object.fromEntries(line?.marks.map(({ name, place }) => [name, place]) ?? []);
  expect(places.granted).toBeLessThan(places.now ?? 0);
  expect(places.now).toBeLessThan(places.ours ?? 0);
  expect(places.ours).toBeLessThan(places.meta ?? 0);
  expect(line?.callable).toEqual([places.granted, places.ours]);
  expect(line?.metaOnly).toEqual([places.ours, places.meta]);
});

it("every mark is inside of the picture, also long after the end", () => {
  const line = validity(temporary, at("2027-03-01T00:00:00Z"));
  for (const { place } of line?.marks ?? []) {
    expect(place).toBeGreaterThan(0);
    expect(place).toBeLessThan(1);
  }
  expect(line?.marks.filter(({ past }) => !past)).toEqual([]);
});

it("without a house rule, or where it ends with Meta’s, there is one mark for the end", () => {
  for (const call_until of [null, temporary.expires_at]) {
    const line = validity({ ...temporary, call_until }, NOW);
    expect(line?.marks.map(({ name }) => name)).toEqual(["granted", "meta", "now"]);
    expect(line?.metaOnly).toBeNull();
  }
});

it("a permission for good has no end, but ours still has", () => {
  const line = validity({ ...temporary, status: "permanent", expires_at: null }, NOW);
  expect(line?.open).toBe(true);
  expect(line?.metaOnly?.[1]).toBe(1);
  expect(line?.marks.map(({ name }) => name)).toEqual(["granted", "ours", "now"]);
});

it("where nothing was ever allowed there is no line", () => {
  expect(validity({ status: "none", granted_at: null, call_until: null, expires_at: null }, NOW)).toBeNull();
});

it("the call that would cost the permission is bad, the one that makes Meta remind is a warning", () => {
  const row = (unanswered_in_row: number) => unanswered({ unanswered_in_row, unanswered_warn: 2, unanswered_block: 4 });
  expect(row(0)).toEqual({ tone: "ok", next: 1 });
  expect(row(1)).toEqual({ tone: "warn", next: 2 });
  expect(row(3)).toEqual({ tone: "bad", next: 4 });
});

it("who may not ask now learns when", () => {
  const requests = {
    used_day: 1,
    max_day: 1,
    used_week: 1,
    max_week: 2,
    next_at: "2026-11-21T10:00:00Z",
    why: "limit_day",
  };
  expect(mayAsk({ status: "requested", requests }, NOW)).toEqual({ kind: "later", at: requests.next_at });
  expect(mayAsk({ status: "expired", requests: { ...requests, used_day: 0, next_at: null, why: null } }, NOW)).toEqual({
    kind: "now",
  });
  expect(mayAsk({ status: "denied", requests: { ...requests, next_at: null } }, NOW)).toEqual({ kind: "full" });
  expect(mayAsk({ status: "permanent", requests }, NOW)).toEqual({ kind: "needless" });
});
