/** The parts of a number, and which of its settings each of those shows that are saved together. */
import type { NumberSettings } from "../../lib/api-types";

export type SectionName = "calling" | "hours" | "ringing" | "recording" | "limits" | "messages" | "link" | "connection";

export const SECTIONS: SectionName[] = [
  "calling",
  "hours",
  "ringing",
  "recording",
  "limits",
  "messages",
  "link",
  "connection",
];

/** The other parts save by themselves: they have their own address at the server. */
export const FIELDS: Partial<Record<SectionName, (keyof NumberSettings)[]>> = {
  ringing: [
    "name",
    "branch_id",
    "destination",
    "answer_window_s",
    "max_concurrent_calls",
    "max_call_duration_s",
    "no_webhook_hours",
  ],
  recording: ["recording_mode", "recording_announcement", "record_echo"],
  messages: ["notice_language", "drain_answer"],
};

export function sectionOf(word: string): SectionName | null {
  return SECTIONS.find((section) => section === word) ?? null;
}

export function countIn(changes: Partial<NumberSettings>, fields: (keyof NumberSettings)[]): number {
  return fields.filter((field) => field in changes).length;
}
