import { expect, it } from "vitest";
import { readAuditSearch, readOwedSearch } from "./office-search";

it("an address with foreign words still opens the audit log", () => {
  expect(readAuditSearch({ who: "user_1", what: "recording.listened", from: "2026-11-20", to: "tomorrow" })).toEqual({
    who: "user_1",
    what: "recording.listened",
    from: "2026-11-20",
  });
  expect(readAuditSearch({ what: "<script>", from: "2026-13-45", who: 7 })).toEqual({});
});

it("what was given up is what the list of owed work shows first", () => {
  expect(readOwedSearch({})).toEqual({});
  expect(readOwedSearch({ kind: "jobs", state: "waiting" })).toEqual({ kind: "jobs", state: "waiting" });
  expect(readOwedSearch({ kind: "letters", state: "dead" })).toEqual({});
});
