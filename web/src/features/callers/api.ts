/** Callers nobody is rung for. */
import { id, query, request } from "../../lib/api";
import type { Narrowed, Schemas, Written } from "../../lib/api-types";

export type BlockedCaller = Written<Schemas["BlockedCaller"]>;

export const blocked = {
  list: (cursor: string | undefined) =>
    request<Narrowed<Schemas["BlockedCallers"], { items: BlockedCaller[] }>>(
      "GET",
      `/blocked-callers${query({ cursor })}`,
    ),
  add: (caller: Schemas["NewBlockedCaller"]) => request<BlockedCaller>("POST", "/blocked-callers", caller),
  remove: (caller: string) => request<void>("DELETE", `/blocked-callers/${id(caller)}`),
};
