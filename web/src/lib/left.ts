/** How long it is until a moment, as people say it: "in 3 h 14 min". */

export type Left =
  | { key: "now" }
  | { key: "minutes"; minutes: number }
  | { key: "hours"; hours: number; minutes: number }
  | { key: "days"; days: number };

const MINUTE_MS = 60_000;
/** From here on days are counted; two nights are "in 2 days", not "in 49 h". */
const DAYS_FROM_H = 48;

export function leftUntil(until: string, now: number): Left {
  const ms = Date.parse(until) - now;
  if (Number.isNaN(ms) || ms <= 0) return { key: "now" };
  const minutes = Math.ceil(ms / MINUTE_MS);
  if (minutes < 60) return { key: "minutes", minutes };
  const hours = Math.floor(minutes / 60);
  if (hours < DAYS_FROM_H) return { key: "hours", hours, minutes: minutes % 60 };
  return { key: "days", days: Math.round(hours / 24) };
}
