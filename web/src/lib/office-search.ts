/** What the lists of the paperwork show, as it stands in the address. Whatever is not one of our words falls away. */

export interface OwedSearch {
  kind?: "jobs";
  state?: "waiting" | "done";
}

export interface AuditSearch {
  who?: string;
  what?: string;
  /** Days, as `2026-11-20`. */
  from?: string;
  to?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const WORD = /^[\w.-]{1,80}$/;

function word(value: unknown, shape: RegExp): string | undefined {
  return typeof value === "string" && shape.test(value) ? value : undefined;
}

/** Without the fields that say nothing, so that an address without filters has none. */
function said<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export function readOwedSearch(search: Record<string, unknown>): OwedSearch {
  const state = (["waiting", "done"] as const).find((each) => each === search.state);
  return said({ kind: search.kind === "jobs" ? ("jobs" as const) : undefined, state });
}

export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const day = (value: unknown) => {
    const found = word(value, DAY);
    return found === undefined || Number.isNaN(Date.parse(found)) ? undefined : found;
  };
  return said({
    who: word(search.who, WORD),
    what: word(search.what, WORD),
    from: day(search.from),
    to: day(search.to),
  });
}
