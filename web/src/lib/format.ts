/** How durations, times, numbers and names are written in lists and on the handset. */
import type { Call } from "./api-types";

/** MM:SS, from an hour on H:MM:SS. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "—";
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}

/** Who is on the other side, as a name: contact name, user name, number; none when WhatsApp shares none of them. */
export function callerName(call: Pick<Call, "caller">): string | null {
  const { name, username, phone } = call.caller;
  return name ?? (username ? `@${username.replace(/^@/, "")}` : null) ?? phone;
}

/** Name for a title or a sentence: only the first name. */
export function firstName(name: string): string {
  return name.startsWith("@") || name.startsWith("+") ? name : (name.split(" ")[0] ?? name);
}

/** Up to two letters for an avatar. */
export function initials(name: string): string {
  const letters = name
    .replace(/^[@+]/, "")
    .split(/[\s._-]+/)
    .filter((part) => part !== "")
    .map((part) => [...part][0]?.toUpperCase() ?? "");
  const first = letters[0] ?? "?";
  const last = letters.length > 1 ? (letters[letters.length - 1] ?? "") : "";
  return /\d/.test(first) ? "#" : `${first}${last}`;
}

/** One of six avatar colours, the same for the same name on every page. */
export function hue(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 6007;
  return sum % 6;
}

const countries = new Map<string, Intl.DisplayNames>();

export function country(code: string | null, language: string): string | null {
  if (code === null || !/^[A-Z]{2}$/.test(code)) return null;
  let names = countries.get(language);
  if (names === undefined) {
    names = new Intl.DisplayNames([language], { type: "region" });
    countries.set(language, names);
  }
  return names.of(code) ?? null;
}

/** Is this moment on the same day, seen from here? */
export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

export function clockTime(at: string, language: string): string {
  return new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

export function exactTime(at: string, language: string): string {
  return new Date(at).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" });
}

/** "Yesterday 10:12", "3 Nov 10:12", "3 Nov 2025"; the word for today and yesterday comes from the texts. */
export function listTime(at: string, now: Date, language: string, words: { today: string; yesterday: string }): string {
  const moment = new Date(at);
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (sameDay(moment, now)) return `${words.today} ${clockTime(at, language)}`;
  if (sameDay(moment, yesterday)) return `${words.yesterday} ${clockTime(at, language)}`;
  if (moment.getFullYear() === now.getFullYear()) {
    return `${moment.toLocaleDateString(language, { day: "numeric", month: "short" })} ${clockTime(at, language)}`;
  }
  return moment.toLocaleDateString(language, { day: "numeric", month: "short", year: "numeric" });
}

/** A moment inside a sentence: the time alone when it is today, otherwise with its day. */
export function momentWords(at: string, now: Date, language: string): string {
  const moment = new Date(at);
  if (sameDay(moment, now)) return clockTime(at, language);
  const year = moment.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  const day = moment.toLocaleDateString(language, { day: "numeric", month: "short", ...year });
  return `${day}, ${clockTime(at, language)}`;
}

/** `10:41:02.118`, the clock of the flight record. */
export function recordTime(at: string): string {
  const moment = new Date(at);
  const pad = (n: number, width: number) => String(n).padStart(width, "0");
  return `${pad(moment.getHours(), 2)}:${pad(moment.getMinutes(), 2)}:${pad(moment.getSeconds(), 2)}.${pad(moment.getMilliseconds(), 3)}`;
}

export function decimal(value: number, language: string, digits = 1): string {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}
