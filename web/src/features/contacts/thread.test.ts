import { expect, it } from "vitest";
import type { Message, WalletEntry } from "../../lib/api-types";
import { aCall } from "../../lib/test-data";
import { byDay, story } from "./thread";

const message = (id: string, at: string): Message => ({
  id,
  direction: "incoming",
  kind: "text",
  text: id,
  status: "received",
  at,
  error: null,
  contact_id: "ct_1",
  number_id: "num_1",
  offers_call: false,
  detail: null,
  sent_by: null,
});
const granted: WalletEntry = { at: "2026-11-20T10:05:00Z", event: "granted", source: "request", detail: null };

it("calls, messages and permissions stand in the order in which they happened", () => {
  const call = aCall("c1", { offered_at: "2026-11-20T10:10:00Z" });
  const told = story(
    { items: [call], complete: true },
    { items: [message("m2", "2026-11-20T10:11:00Z"), message("m1", "2026-11-20T10:00:00Z")], complete: true },
    [granted],
  );
  expect(told.map(({ kind, key }) => (kind === "permission" ? kind : key))).toEqual(["m1", "permission", "c1", "m2"]);
});

it("nothing is told that is older than what was fetched of the messages", () => {
  const old = aCall("old", { offered_at: "2026-11-01T10:00:00Z" });
  const told = story(
    { items: [old], complete: true },
    { items: [message("m1", "2026-11-20T10:00:00Z")], complete: false },
    [granted],
  );
  expect(told.map(({ kind }) => kind)).toEqual(["message", "permission"]);
});

it("a call that has no moment yet is left out", () => {
  expect(story({ items: [aCall("c", { offered_at: "" })], complete: true }, { items: [], complete: true }, [])).toEqual(
    [],
  );
});

it("each day has its heading once", () => {
  const told = story(
    { items: [], complete: true },
    {
      items: [
        message("a", "2026-11-18T12:00:00"),
        message("b", "2026-11-20T12:00:00"),
        message("c", "2026-11-20T12:05:00"),
      ],
      complete: true,
    },
    [],
  );
  expect(byDay(told).map(({ entries }) => entries.map(({ key }) => key))).toEqual([["a"], ["b", "c"]]);
});
