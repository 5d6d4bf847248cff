/** For how long a caller is blocked. */

export const LENGTHS = ["day", "week", "month", "forever"] as const;
export type Length = (typeof LENGTHS)[number];

const DAYS: Record<Exclude<Length, "forever">, number> = { day: 1, week: 7, month: 30 };

export function untilOf(length: Length, now: number): string | null {
  return length === "forever" ? null : new Date(now + DAYS[length] * 86_400_000).toISOString();
}
