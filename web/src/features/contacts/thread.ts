/** Calls, messages and what happened to the permission, as one story. */
import type { Call, Message, WalletEntry } from "../../lib/api-types";

export type Entry =
  | { kind: "call"; key: string; at: number; call: Call }
  | { kind: "message"; key: string; at: number; message: Message }
  | { kind: "permission"; key: string; at: number; entry: WalletEntry };

/** A list of which only the newest part may be known. */
export interface Known<T> {
  items: T[];
  complete: boolean;
}

function calledAt(call: Call): number {
  return Date.parse(call.offered_at ?? call.accepted_at ?? call.ended_at ?? "");
}

/**
 * The story from the oldest on. Where one of the lists goes on further back than was fetched, nothing older than its end is told:
 * otherwise there would be holes that look like silence.
 */
export function story(calls: Known<Call>, messages: Known<Message>, entries: WalletEntry[]): Entry[] {
  const told: Entry[] = [
    ...calls.items.map((call): Entry => ({ kind: "call", key: call.id, at: calledAt(call), call })),
    ...messages.items.map(
      (message): Entry => ({ kind: "message", key: message.id, at: Date.parse(message.at), message }),
    ),
    ...entries.map(
      (entry): Entry => ({ kind: "permission", key: `${entry.at} ${entry.event}`, at: Date.parse(entry.at), entry }),
    ),
  ].filter(({ at }) => !Number.isNaN(at));
  const oldest = (moments: number[], complete: boolean) =>
    complete || moments.length === 0
      ? Number.NEGATIVE_INFINITY
      : Math.min(...moments.filter((at) => !Number.isNaN(at)));
  const from = Math.max(
    oldest(calls.items.map(calledAt), calls.complete),
    oldest(
      messages.items.map(({ at }) => Date.parse(at)),
      messages.complete,
    ),
  );
  return told.filter(({ at }) => at >= from).sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
}

export interface Day {
  /** Midnight of the day, here. */
  day: number;
  entries: Entry[];
}

export function byDay(entries: Entry[]): Day[] {
  const days: Day[] = [];
  for (const entry of entries) {
    const day = new Date(entry.at).setHours(0, 0, 0, 0);
    const last = days[days.length - 1];
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
