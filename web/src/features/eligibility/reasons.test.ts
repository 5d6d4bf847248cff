import { expect, it } from "vitest";
import type { Eligibility, EligibilityReason } from "../../lib/api-types";
import { filledOf, lookOf, nextChange, ordered, overridesOf, passed, remedyOf } from "./reasons";

function reason(code: string, change: Partial<EligibilityReason> = {}): EligibilityReason {
  return {
    code,
    sentence: code,
    remedy: "none",
    until: null,
    overridable: "never",
    data: { count: null, limit: null },
    ...change,
  };
}

function verdict(reasons: EligibilityReason[], warnings: EligibilityReason[] = []): Eligibility {
  return {
    allowed: reasons.length === 0,
    number: { id: "num_1", name: "Madrid store", display_phone: "+34 910 550 119" },
    reasons,
    warnings,
    checked_at: "2026-11-20T12:46:00Z",
  };
}

const AGENT = { administer: false, supervise: false, otherNumbers: false, inCall: false };
const ADMIN = { administer: true, supervise: true, otherNumbers: true, inCall: false };

const closed = reason("outside_hours", { remedy: "open_hours", overridable: "urgent", until: "2026-11-20T15:00:00Z" });
const expired = reason("permission_expired", { remedy: "request_permission" });
const streak = reason("unanswered_streak", { remedy: "confirm", overridable: "confirm" });

it("what blocks stands before what warns, in the order of the server, and nothing stands twice", () => {
  const yellow = reason("quality_yellow");
  const rows = ordered(verdict([expired, closed], [yellow, closed]));
  expect(rows.map(({ reason: { code } }) => code)).toEqual(["permission_expired", "outside_hours", "quality_yellow"]);
  expect(rows.map(({ blocks }) => blocks)).toEqual([true, true, false]);
});

it("the filled button is the first that this person can press", () => {
  const both = verdict([reason("suspended", { remedy: "lift_suspension" }), expired]);
  expect(filledOf(both, ADMIN)).toBe("suspended");
  expect(filledOf(both, AGENT)).toBe("permission_expired");
  expect(filledOf(verdict([reason("rate_limit_minute", { remedy: "wait" })]), ADMIN)).toBeNull();
});

it("what only an admin can do is said to others, not offered", () => {
  expect(remedyOf(closed, AGENT)).toEqual({ kind: "ask_admin" });
  expect(remedyOf(closed, ADMIN)).toEqual({ kind: "button", remedy: "open_hours" });
  const flow = reason("automation_active", { remedy: "take_over" });
  expect(remedyOf(flow, AGENT)).toEqual({ kind: "ask_supervisor" });
  expect(remedyOf(flow, { ...AGENT, supervise: true })).toEqual({ kind: "button", remedy: "take_over" });
});

it("another number is offered only where there is one", () => {
  const other = reason("country_not_offered", { remedy: "use_other_number" });
  expect(remedyOf(other, AGENT)).toEqual({ kind: "none" });
  expect(remedyOf(other, ADMIN)).toEqual({ kind: "button", remedy: "use_other_number" });
});

it("who is in a call becomes available by its end, not by a button", () => {
  const nobody = reason("no_agent_available", { remedy: "become_available" });
  expect(remedyOf(nobody, AGENT)).toEqual({ kind: "button", remedy: "become_available" });
  expect(remedyOf(nobody, { ...AGENT, inCall: true })).toEqual({ kind: "none" });
});

it("a remedy of a newer server is none here", () => {
  expect(remedyOf(reason("x", { remedy: "dance" }), ADMIN)).toEqual({ kind: "none" });
});

it("one reason that nobody may pass takes the way around from all of them", () => {
  expect(overridesOf(verdict([closed]))).toEqual({ hours: true, confirm: false });
  expect(overridesOf(verdict([streak, closed]))).toEqual({ hours: true, confirm: true });
  expect(overridesOf(verdict([expired, closed]))).toBeNull();
  expect(overridesOf(verdict([]))).toBeNull();
});

it("a check has passed when none of its reasons was given", () => {
  const checks = passed(verdict([expired, closed], [reason("unanswered_before_limit")]));
  expect(checks).not.toContain("permission");
  expect(checks).not.toContain("hours");
  expect(checks).not.toContain("unanswered");
  expect(checks).toContain("rate");
});

it("each reason has its picture; an unknown one has that of the number", () => {
  expect(lookOf("permission_denied")).toBe("permission");
  expect(lookOf("outside_hours")).toBe("time");
  expect(lookOf("quality_red")).toBe("number");
  expect(lookOf("brand_new")).toBe("number");
});

it("asked again when the first reason ends", () => {
  const now = Date.parse("2026-11-20T12:46:00Z");
  expect(nextChange(verdict([closed, expired]), now)).toBe(Date.parse("2026-11-20T15:00:00Z"));
  expect(nextChange(verdict([expired]), now)).toBeNull();
});
