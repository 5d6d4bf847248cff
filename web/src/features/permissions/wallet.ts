/** The wallet, as it is drawn: how far the permission reaches, and how much of each limit is used. */
import type { Wallet } from "../../lib/api-types";
import type { Tone } from "../../lib/meter";

export type MarkName = "granted" | "ours" | "meta" | "now";

export interface Mark {
  name: MarkName;
  at: number;
  /** From 0 at the left to 1 at the right of the line. */
  place: number;
  past: boolean;
}

export interface Validity {
  marks: Mark[];
  /** While we may call by both rules, and while only Meta's would still let us; from, to as places on the line. */
  callable: [number, number];
  metaOnly: [number, number] | null;
  /** A permission without an end: the line runs out of the picture. */
  open: boolean;
}

/** Room at both ends, so that a mark at the end is not cut. */
const MARGIN = 0.06;
/** A permission without an end is drawn this much longer than what is past. */
const OPEN_END = 0.35;

function moment(text: string | null): number | null {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/** The line of validity; none where nothing was ever allowed. */
export function validity(
  wallet: Pick<Wallet, "status" | "granted_at" | "call_until" | "expires_at">,
  now: number,
): Validity | null {
  const granted = moment(wallet.granted_at);
  if (granted === null) return null;
  const meta = moment(wallet.expires_at);
  const ours = moment(wallet.call_until);
  const open = wallet.status === "permanent" && meta === null;
  const known = [granted, now, ...(meta === null ? [] : [meta]), ...(ours === null ? [] : [ours])];
  const first = Math.min(...known);
  const span = Math.max(Math.max(...known) - first, 60_000);
  const last = open ? first + span * (1 + OPEN_END) : first + span;
  const place = (at: number) => MARGIN + ((at - first) / (last - first)) * (1 - 2 * MARGIN);
  const mark = (name: MarkName, at: number | null): Mark[] =>
    at === null ? [] : [{ name, at, place: place(at), past: at <= now }];
  const end = meta ?? (open ? null : ours);
  const callableEnd = ours === null ? end : end === null ? ours : Math.min(ours, end);
  const edge = (at: number | null) => (at === null ? 1 : place(at));
  const sameEnd = ours === null || (meta !== null && ours >= meta);
  return {
    // Where our rule ends with Meta's, one mark says both.
    marks: [
      ...mark("granted", granted),
      ...(sameEnd ? [] : mark("ours", ours)),
      ...mark("meta", meta),
      ...mark("now", now),
    ],
    callable: [place(granted), edge(callableEnd)],
    metaOnly: sameEnd || (meta === null && !open) ? null : [edge(ours), edge(meta)],
    open,
  };
}

/** How serious the row of unanswered calls is, and which call would be the next. */
export function unanswered(wallet: Pick<Wallet, "unanswered_in_row" | "unanswered_warn" | "unanswered_block">): {
  tone: Tone;
  next: number;
} {
  const { unanswered_in_row: row, unanswered_warn: warn, unanswered_block: block } = wallet;
  const next = row + 1;
  return { tone: next >= block ? "bad" : row > 0 && next >= warn ? "warn" : "ok", next };
}

export type AskVerdict = { kind: "now" } | { kind: "later"; at: string } | { kind: "needless" } | { kind: "full" };

/** When the customer may be asked (again). */
export function mayAsk(wallet: Pick<Wallet, "status" | "requests">, now: number): AskVerdict {
  const { used_day, max_day, used_week, max_week, next_at, why } = wallet.requests;
  if (wallet.status === "permanent" || why === "permanent") return { kind: "needless" };
  const next = moment(next_at);
  if (next !== null && next > now && next_at !== null) return { kind: "later", at: next_at };
  if (why === "meta_says" || used_day >= max_day || used_week >= max_week) return { kind: "full" };
  return { kind: "now" };
}
