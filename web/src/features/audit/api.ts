/** Who did what. */
import { query, request } from "../../lib/api";
import type { Narrowed, Schemas } from "../../lib/api-types";
import type { AuditSearch } from "../../lib/office-search";

export type AuditEntry = Narrowed<Schemas["AuditEntry"], { detail: Record<string, unknown> | null }>;
export type AuditPage = Narrowed<Schemas["AuditPage"], { items: AuditEntry[] }>;

/** A day of the address becomes a moment: the first of its day, or the last. */
export function asked(search: AuditSearch): Record<string, string | undefined> {
  const moment = (day: string | undefined, time: string) =>
    day === undefined ? undefined : new Date(`${day}T${time}`).toISOString();
  return {
    who: search.who,
    what: search.what,
    from: moment(search.from, "00:00:00"),
    to: moment(search.to, "23:59:59.999"),
  };
}

export const audit = {
  list: (search: AuditSearch, cursor: string | undefined) =>
    request<AuditPage>("GET", `/audit${query({ ...asked(search), cursor })}`),
  users: () => request<{ items: { id: string; name: string }[] }>("GET", "/users"),
};

export const csvAddress = (search: AuditSearch) => `/api/v1/audit.csv${query(asked(search))}`;
