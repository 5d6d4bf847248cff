/** The flight record as a sequence: who told whom what, and when. Pure; drawing and words come on top. */
import type { CallEvent } from "./api-types";

export type Lifeline = "whatsapp" | "switchboard" | "agent";
export type Tone = "plain" | "good" | "bad";

export interface Rung {
  seq: number;
  at: string;
  /** Milliseconds after the first event. */
  afterMs: number;
  kind: string;
  from: Lifeline;
  to: Lifeline;
  tone: Tone;
  key: boolean;
  detail: string | null;
  data: Record<string, unknown>;
}

interface Way {
  from: Lifeline;
  to: Lifeline;
  tone?: Tone;
  /** One of the twelve that tell the story of most calls. */
  key?: boolean;
}

const WAYS: Record<string, Way> = {
  "call.received": { from: "whatsapp", to: "switchboard", key: true },
  "call.initiated": { from: "agent", to: "switchboard", key: true },
  "call.ringing": { from: "whatsapp", to: "switchboard", key: true },
  "call.pre_accepted": { from: "whatsapp", to: "switchboard" },
  "call.accepted": { from: "whatsapp", to: "switchboard", key: true },
  "call.terminated": { from: "whatsapp", to: "switchboard", key: true },
  "call.rejected": { from: "switchboard", to: "whatsapp", key: true },
  "call.missed": { from: "switchboard", to: "switchboard", tone: "bad", key: true },
  "call.failed": { from: "switchboard", to: "switchboard", tone: "bad", key: true },
  "call.cancelled": { from: "whatsapp", to: "switchboard", key: true },
  "call.end_refined": { from: "switchboard", to: "switchboard" },
  "provider.ended_before_offer": { from: "whatsapp", to: "switchboard", key: true },
  "provider.offered_after_end": { from: "whatsapp", to: "switchboard", key: true },
  "provider.times": { from: "whatsapp", to: "switchboard" },
  "provider.connect_sent": { from: "switchboard", to: "whatsapp", key: true },
  "provider.dialled": { from: "whatsapp", to: "switchboard" },
  "provider.answer_came": { from: "whatsapp", to: "switchboard", key: true },
  "provider.appeared_late": { from: "whatsapp", to: "switchboard", tone: "bad", key: true },
  "provider.status": { from: "whatsapp", to: "switchboard" },
  "provider.pre_accept_sent": { from: "switchboard", to: "whatsapp", key: true },
  "provider.accept_sent": { from: "switchboard", to: "whatsapp", key: true },
  "provider.reject_sent": { from: "switchboard", to: "whatsapp", key: true },
  "provider.terminate_sent": { from: "switchboard", to: "whatsapp", key: true },
  "provider.refused": { from: "whatsapp", to: "switchboard", tone: "bad", key: true },
  "provider.unclear": { from: "whatsapp", to: "switchboard", tone: "bad", key: true },
  "media.prepared": { from: "switchboard", to: "switchboard" },
  "media.refused": { from: "switchboard", to: "switchboard", tone: "bad", key: true },
  "media.customer_connected": { from: "whatsapp", to: "switchboard", tone: "good", key: true },
  "media.customer_heard": { from: "whatsapp", to: "switchboard", tone: "good", key: true },
  "media.customer_failed": { from: "whatsapp", to: "switchboard", tone: "bad", key: true },
  "media.first_sent": { from: "switchboard", to: "whatsapp", tone: "good", key: true },
  "media.agent_heard": { from: "agent", to: "switchboard", tone: "good", key: true },
  "media.music_started": { from: "switchboard", to: "whatsapp" },
  "media.notice_started": { from: "switchboard", to: "whatsapp" },
  "ring.started": { from: "switchboard", to: "agent", key: true },
  "ring.stopped": { from: "switchboard", to: "agent" },
  "ring.answered": { from: "agent", to: "switchboard", key: true },
  "ring.offered_again": { from: "switchboard", to: "agent", key: true },
  "agent.put_through": { from: "switchboard", to: "agent", tone: "good", key: true },
  "agent.line_lost": { from: "agent", to: "switchboard", tone: "bad", key: true },
  "agent.line_back": { from: "agent", to: "switchboard", tone: "good", key: true },
  "recording.announced": { from: "switchboard", to: "whatsapp", key: true },
  "recording.started": { from: "switchboard", to: "switchboard", key: true },
  "recording.paused": { from: "agent", to: "switchboard", key: true },
  "recording.resumed": { from: "agent", to: "switchboard", key: true },
  "recording.stopped": { from: "switchboard", to: "switchboard" },
  "recording.failed": { from: "switchboard", to: "switchboard", tone: "bad", key: true },
  "input.refused": { from: "switchboard", to: "switchboard" },
  "deadline.passed": { from: "switchboard", to: "switchboard", tone: "bad", key: true },
};

const DETAILS = ["detail", "message", "why", "reason", "ice_ms", "dtls_ms", "attempt", "code"];

function detailOf(data: Record<string, unknown>): string | null {
  const fault = data.error ?? data.fault;
  const flat = typeof fault === "object" && fault !== null ? { ...data, ...(fault as Record<string, unknown>) } : data;
  const parts: string[] = [];
  for (const name of DETAILS) {
    const value = (flat as Record<string, unknown>)[name];
    if (typeof value === "number")
      parts.push(name.endsWith("_ms") ? `${name.slice(0, -3).toUpperCase()} ${value} ms` : `${name} ${value}`);
    else if (typeof value === "string" && value !== "") parts.push(value.replaceAll("_", " "));
  }
  return parts.length === 0 ? null : parts.join(", ");
}

export function rungs(events: readonly CallEvent[]): Rung[] {
  const sorted = [...events].sort((a, b) => a.seq - b.seq);
  const first = sorted[0];
  const start = first === undefined ? 0 : Date.parse(first.at);
  return sorted.map((event) => {
    const way = WAYS[event.kind] ?? { from: "switchboard", to: "switchboard" };
    const data = event.data ?? {};
    return {
      seq: event.seq,
      at: event.at,
      afterMs: Math.max(0, Date.parse(event.at) - start),
      kind: event.kind,
      from: way.from,
      to: way.to,
      tone: way.tone ?? "plain",
      key: way.key ?? false,
      detail: detailOf(data),
      data,
    };
  });
}

/** Who an event is about, by name where we know one; of many the first three. */
export function personOf(data: Record<string, unknown>, names: Record<string, string>): string | null {
  if (Array.isArray(data.users) && data.users.length > 0) {
    const people = data.users.slice(0, 3).map((user) => personOf({ user }, names) ?? "?");
    const more = data.users.length - people.length;
    return more > 0 ? `${people.join(", ")} +${more}` : people.join(", ");
  }
  for (const key of ["agent", "user", "by_user", "by"]) {
    const value = data[key];
    if (typeof value === "object" && value !== null && "name" in value && typeof value.name === "string")
      return value.name;
    if (typeof value === "string" && names[value] !== undefined) return names[value];
    if (typeof value === "string" && !value.startsWith("user_")) return value;
  }
  for (const key of ["agent_name", "user_name", "name"]) {
    const value = data[key];
    if (typeof value === "string") return value;
  }
  return null;
}

/** Seconds after the start as the record writes them: `+4.902`. */
export function after(ms: number): string {
  return `+${(ms / 1000).toFixed(3)}`;
}
