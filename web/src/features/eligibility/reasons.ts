/** Order, remedies and overrides of a verdict, as the console draws them. The server decides; nothing here makes a call possible. */
import type { Eligibility, EligibilityReason, ReasonCode } from "../../lib/api-types";

export type RemedyName =
  | "request_permission"
  | "send_message"
  | "record_consent"
  | "lift_suspension"
  | "open_hours"
  | "raise_limit"
  | "switch_on_calling"
  | "become_available"
  | "use_other_number"
  | "take_over"
  | "remove_opt_out";

/** Remedies that only those who administer can use, and what supervisors can, too. */
const ADMIN: RemedyName[] = ["lift_suspension", "open_hours", "raise_limit", "switch_on_calling"];
const SUPERVISOR: RemedyName[] = ["take_over", "remove_opt_out"];

const REMEDIES: RemedyName[] = [
  "request_permission",
  "send_message",
  "record_consent",
  "become_available",
  "use_other_number",
  ...SUPERVISOR,
  ...ADMIN,
];

export interface Rights {
  administer: boolean;
  supervise: boolean;
  /** There is another number to call from. */
  otherNumbers: boolean;
  /** I am in a call: nothing but its end makes me free. */
  inCall: boolean;
}

export type RemedyOffer =
  | { kind: "button"; remedy: RemedyName }
  | { kind: "ask_admin" }
  | { kind: "ask_supervisor" }
  | { kind: "none" };

/** What this person can do about a reason: press a button, ask an admin, or only wait. */
export function remedyOf(reason: EligibilityReason, rights: Rights): RemedyOffer {
  const remedy = REMEDIES.find((each) => each === reason.remedy);
  if (remedy === undefined) return { kind: "none" };
  if (remedy === "use_other_number" && !rights.otherNumbers) return { kind: "none" };
  if (remedy === "become_available" && rights.inCall) return { kind: "none" };
  if (ADMIN.includes(remedy) && !rights.administer) return { kind: "ask_admin" };
  if (SUPERVISOR.includes(remedy) && !rights.supervise) return { kind: "ask_supervisor" };
  return { kind: "button", remedy };
}

/** Blocking ones first, as the server weighed them, then warnings; nothing twice. */
export function ordered(verdict: Eligibility): { reason: EligibilityReason; blocks: boolean }[] {
  const blocking = new Set(verdict.reasons.map(({ code }) => code));
  return [
    ...verdict.reasons.map((reason) => ({ reason, blocks: true })),
    ...verdict.warnings.filter(({ code }) => !blocking.has(code)).map((reason) => ({ reason, blocks: false })),
  ];
}

/** The reason whose remedy is the filled button: the first that this person can use. */
export function filledOf(verdict: Eligibility, rights: Rights): string | null {
  return verdict.reasons.find((reason) => remedyOf(reason, rights).kind === "button")?.code ?? null;
}

export interface Overrides {
  hours: boolean;
  confirm: boolean;
}

/** What would have to be said to call all the same; null when something stands in the way that nobody may pass. */
export function overridesOf(verdict: Eligibility): Overrides | null {
  if (verdict.reasons.length === 0) return null;
  const needed = { hours: false, confirm: false };
  for (const { overridable } of verdict.reasons) {
    if (overridable === "urgent") needed.hours = true;
    else if (overridable === "confirm") needed.confirm = true;
    else return null;
  }
  return needed;
}

/** Everything that is looked at, and the reasons each check can give. */
export const CHECKS = {
  calling: ["calling_disabled", "business_calls_disabled"],
  country: ["country_not_offered"],
  restrictions: ["restricted_by_meta"],
  quality: ["quality_red", "quality_yellow"],
  opt_out: ["opted_out"],
  permission: [
    "permission_missing",
    "permission_requested",
    "permission_denied",
    "permission_revoked",
    "permission_expired",
    "permission_call_within_passed",
    "permission_expires_soon",
  ],
  connected: ["connected_limit"],
  one_call: ["call_in_progress"],
  unanswered: ["unanswered_streak", "unanswered_before_limit"],
  suspension: ["suspended"],
  rate: ["rate_limit_minute", "rate_limit_hour"],
  automation: ["automation_blocked", "automation_active"],
  conversation: ["no_conversation", "outside_window_without_consent"],
  consent: ["no_call_request", "consent_expired", "consent_not_affirmative", "declined_before"],
  minutes: ["monthly_limit"],
  agent: ["no_agent_available"],
  hours: ["outside_hours"],
  reachable: ["customer_uncallable"],
} as const satisfies Record<string, ReasonCode[]>;

export type CheckName = keyof typeof CHECKS;

export function passed(verdict: Eligibility): CheckName[] {
  const said = new Set([...verdict.reasons, ...verdict.warnings].map(({ code }) => code));
  return (Object.keys(CHECKS) as CheckName[]).filter((check) => !CHECKS[check].some((code) => said.has(code)));
}

export type ReasonLook = "permission" | "unanswered" | "time" | "person" | "number";

const LOOKS: Partial<Record<CheckName, ReasonLook>> = {
  opt_out: "permission",
  permission: "permission",
  consent: "permission",
  unanswered: "unanswered",
  reachable: "unanswered",
  one_call: "unanswered",
  suspension: "time",
  rate: "time",
  hours: "time",
  connected: "time",
  minutes: "time",
  agent: "person",
  automation: "person",
  conversation: "person",
};

/** Which picture stands before a reason. */
export function lookOf(code: string): ReasonLook {
  const check = (Object.keys(CHECKS) as CheckName[]).find((each) => (CHECKS[each] as readonly string[]).includes(code));
  return (check === undefined ? undefined : LOOKS[check]) ?? "number";
}

/** When it is worth asking again: the first moment at which a reason ends by itself. */
export function nextChange(verdict: Eligibility, now: number): number | null {
  const ends = [...verdict.reasons, ...verdict.warnings]
    .map(({ until }) => (until === null ? Number.NaN : Date.parse(until)))
    .filter((end) => end > now);
  return ends.length === 0 ? null : Math.min(...ends);
}
