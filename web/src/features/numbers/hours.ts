/** The geometry of opening hours: minutes of a day, ranges that never overlap, and the part of the day that is drawn. */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type DayName = (typeof DAYS)[number];

/** From and to in minutes after midnight; the end may be 1440. */
export interface Range {
  from: number;
  to: number;
}

export type Week = Record<DayName, Range[]>;

export const MIDNIGHT = 1440;
export const STEP = 15;
/** Ranges a day; the server keeps more, nobody draws them. */
export const MOST_RANGES = 6;
/** What Meta holds. */
export const META_RANGES = 2;
export const META_HOLIDAYS = 20;

const TIME = /^(\d{1,2})(?:[:.h](\d{2}))?$/i;

/** `9`, `9:30`, `09.30`, `0930`, `24:00`; null when it is no time. An end at midnight is written 0:00 as well. */
export function readTime(text: string, end = false): number | null {
  const clean = text.trim();
  const four = /^(\d{2})(\d{2})$/.exec(clean);
  const found = four ?? TIME.exec(clean);
  if (found === null) return null;
  const minute = Number(found[1]) * 60 + Number(found[2] ?? 0);
  if (Number(found[2] ?? 0) > 59 || minute > MIDNIGHT) return null;
  if (minute === MIDNIGHT) return end ? MIDNIGHT : null;
  return end && minute === 0 ? MIDNIGHT : minute;
}

/** `09:00`, as the server writes it. */
export function writeTime(minute: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

type Written = string[];

export function readRanges(written: Written[] | undefined): Range[] {
  return (written ?? [])
    .map(([from, to]) => ({ from: readTime(from ?? "") ?? 0, to: readTime(to ?? "", true) ?? MIDNIGHT }))
    .sort((a, b) => a.from - b.from);
}

export function writeRanges(ranges: Range[]): Written[] {
  return ranges.map(({ from, to }) => [writeTime(from), writeTime(to)]);
}

export function readWeek(weekly: Record<string, Written[]>): Week {
  return Object.fromEntries(DAYS.map((day) => [day, readRanges(weekly[day])])) as Week;
}

export function writeWeek(week: Week): Record<DayName, Written[]> {
  return Object.fromEntries(DAYS.map((day) => [day, writeRanges(week[day])])) as Record<DayName, Written[]>;
}

/** The hours of the day that are drawn, in whole hours. */
export interface Zoom {
  from: number;
  to: number;
}

const USUAL: Zoom = { from: 8, to: 20 };
/** Less than this would make a quarter of an hour as wide as a hand. */
const LEAST_HOURS = 8;

/** What is used, and an hour on each side. */
export function zoomOf(weeks: Week[]): Zoom {
  const ranges = weeks.flatMap((week) => DAYS.flatMap((day) => week[day]));
  if (ranges.length === 0) return USUAL;
  let from = Math.max(0, Math.floor(Math.min(...ranges.map((range) => range.from)) / 60) - 1);
  let to = Math.min(24, Math.ceil(Math.max(...ranges.map((range) => range.to)) / 60) + 1);
  while (to - from < LEAST_HOURS) {
    if (from > 0) from -= 1;
    if (to < 24) to += 1;
  }
  return { from, to };
}

/** The hours that are written over the tracks. */
export function ticks({ from, to }: Zoom): number[] {
  const step = to - from > 16 ? 4 : to - from > 8 ? 2 : 1;
  const found = [];
  for (let hour = Math.ceil(from / step) * step; hour <= to; hour += step) found.push(hour);
  return found;
}

/** Where a minute stands on the track, in percent. */
export function placeOf(minute: number, { from, to }: Zoom): number {
  return ((minute / 60 - from) / (to - from)) * 100;
}

/** The quarter of an hour that is nearest to a place on the track. */
export function minuteAt(percent: number, { from, to }: Zoom): number {
  const minute = (from + (percent / 100) * (to - from)) * 60;
  return Math.min(MIDNIGHT, Math.max(0, Math.round(minute / STEP) * STEP));
}

export type Edge = "from" | "to";

/** How far an edge may go: not over its other edge, not into its neighbours. */
export function reach(ranges: Range[], index: number, edge: Edge): [number, number] {
  const range = ranges[index] ?? { from: 0, to: MIDNIGHT };
  if (edge === "from") return [ranges[index - 1]?.to ?? 0, range.to - STEP];
  return [range.from + STEP, ranges[index + 1]?.from ?? MIDNIGHT];
}

/** An edge moved to a minute, or as near to it as it may go. */
export function moved(ranges: Range[], index: number, edge: Edge, minute: number): Range[] {
  const [least, most] = reach(ranges, index, edge);
  const place = Math.min(most, Math.max(least, minute));
  return ranges.map((range, at) => (at === index ? { ...range, [edge]: place } : range));
}

/** One more range, where there is most room; the usual day when there is none yet. */
export function withAnother(ranges: Range[]): Range[] {
  if (ranges.length === 0) return [{ from: 9 * 60, to: 17 * 60 }];
  const edges = [{ from: 0, to: 0 }, ...ranges, { from: MIDNIGHT, to: MIDNIGHT }];
  let best = { from: 0, to: 0 };
  for (let at = 1; at < edges.length; at += 1) {
    const gap = { from: edges[at - 1]?.to ?? 0, to: edges[at]?.from ?? 0 };
    // After the last one is where people expect it; a gap before must be longer to win.
    if (gap.to - gap.from >= best.to - best.from) best = gap;
  }
  if (best.to - best.from < 2 * STEP) return ranges;
  const from = best.from === 0 ? best.from : Math.min(best.from + 60, best.to - STEP);
  const to = Math.min(from + 4 * 60, best.to);
  return [...ranges, { from, to }].sort((a, b) => a.from - b.from);
}

export function without(ranges: Range[], index: number): Range[] {
  return ranges.filter((_, at) => at !== index);
}

export function copied(week: Week, from: DayName, to: readonly DayName[]): Week {
  return { ...week, ...Object.fromEntries(to.map((day) => [day, week[from].map((range) => ({ ...range }))])) };
}

export const WEEKDAYS: DayName[] = ["mon", "tue", "wed", "thu", "fri"];

export type RangeTrouble = "inverted" | "overlap" | null;

/** What is wrong with a range as it was typed. */
export function troubleOf(ranges: Range[], index: number): RangeTrouble {
  const range = ranges[index];
  if (range === undefined) return null;
  if (range.to <= range.from) return "inverted";
  const lies = ranges.some((other, at) => at !== index && other.from < range.to && range.from < other.to);
  return lies ? "overlap" : null;
}

export function sameRanges(a: Range[], b: Range[]): boolean {
  return a.length === b.length && a.every((range, at) => range.from === b[at]?.from && range.to === b[at]?.to);
}

export function hoursOf({ from, to }: Range): number {
  return Math.round(((to - from) / 60) * 100) / 100;
}

/** The day and minute that a clock on the wall of a zone shows. */
export function wallClock(at: number, zone: string): { day: DayName; minute: number; date: string } | null {
  try {
    const parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    }).formatToParts(at);
    const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
    const day = DAYS.find((each) => each === part("weekday").toLowerCase());
    if (day === undefined) return null;
    const date = `${part("year")}-${part("month")}-${part("day")}`;
    return { day, minute: Number(part("hour")) * 60 + Number(part("minute")), date };
  } catch {
    return null;
  }
}

export interface MetaRange {
  day: string;
  opens: string;
  closes: string;
}

const META_DAYS: Record<string, DayName> = {
  MONDAY: "mon",
  TUESDAY: "tue",
  WEDNESDAY: "wed",
  THURSDAY: "thu",
  FRIDAY: "fri",
  SATURDAY: "sat",
  SUNDAY: "sun",
};

/** Meta's week in our words; it ends a day with its last minute. */
export function weekOfMeta(weekly: MetaRange[]): Week {
  const week = readWeek({});
  for (const { day, opens, closes } of weekly) {
    const name = META_DAYS[day.toUpperCase()];
    if (name !== undefined) week[name].push(rangeOfMeta(opens, closes));
  }
  for (const day of DAYS) week[day].sort((a, b) => a.from - b.from);
  return week;
}

export function rangeOfMeta(opens: string, closes: string): Range {
  const to = readTime(closes, true) ?? MIDNIGHT;
  return { from: readTime(opens) ?? 0, to: to === MIDNIGHT - 1 ? MIDNIGHT : to };
}
