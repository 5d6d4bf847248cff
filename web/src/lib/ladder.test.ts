import { expect, it } from "vitest";
import { after, personOf, rungs } from "./ladder";

it("a record is told in order, from the first event on", () => {
  const told = rungs([
    {
      seq: 2,
      at: "2026-11-20T10:00:00.130Z",
      kind: "ring.started",
      data: {
        users: [
          { id: "u", name: "Ana" },
          { id: "v", name: "Ben" },
        ],
      },
    },
    { seq: 1, at: "2026-11-20T10:00:00.000Z", kind: "call.received", data: null },
  ]);
  expect(told.map((rung) => [rung.kind, rung.from, rung.to, after(rung.afterMs)])).toEqual([
    ["call.received", "whatsapp", "switchboard", "+0.000"],
    ["ring.started", "switchboard", "agent", "+0.130"],
  ]);
});

it("a kind we do not know is kept, but is no key event", () => {
  const [rung] = rungs([{ seq: 1, at: "2026-11-20T10:00:00.000Z", kind: "moon.rose", data: {} }]);
  expect(rung).toMatchObject({ from: "switchboard", to: "switchboard", key: false, detail: null });
});

it("details say what the provider said", () => {
  const data = { action: "accept", error: { code: 138006, message: "no permission" } };
  const [rung] = rungs([{ seq: 1, at: "2026-11-20T10:00:00.000Z", kind: "provider.refused", data }]);
  expect(rung?.detail).toBe("no permission, code 138006");
});

it("a person is found by name or by a known id, an unknown id is nobody", () => {
  expect(personOf({ user: { id: "user_1", name: "Ana" } }, {})).toBe("Ana");
  expect(personOf({ user: "user_1" }, { user_1: "Ana" })).toBe("Ana");
  expect(personOf({ user: "user_9" }, {})).toBeNull();
  expect(personOf({}, {})).toBeNull();
});
