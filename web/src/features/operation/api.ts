/** What the server owes others: webhooks passed on, letters, jobs. */
import { id, query, request } from "../../lib/api";
import type { Narrowed, Schemas, Written } from "../../lib/api-types";

export type Relay = Written<Schemas["WebhookRelay"]>;

export type OwedState = "waiting" | "running" | "done" | "dead" | "discarded";
/** What a list shows: given up first, because that is what waits for a person. */
export const OWED_STATES = ["dead", "waiting", "done"] as const;
export type OwedKind = "deliveries" | "jobs";

export type Owed = Narrowed<Schemas["Job"], { state: OwedState }>;
export type OwedPage = Narrowed<Schemas["Jobs"], { items: Owed[] }>;

export const operation = {
  relays: () => request<{ items: Relay[] }>("GET", "/webhook-relays"),
  addRelay: (relay: Partial<Schemas["NewWebhookRelay"]>) => request<Relay>("POST", "/webhook-relays", relay),
  changeRelay: (relay: string, change: Partial<Schemas["WebhookRelayChange"]>) =>
    request<Relay>("PATCH", `/webhook-relays/${id(relay)}`, change),
  removeRelay: (relay: string) => request<void>("DELETE", `/webhook-relays/${id(relay)}`),
  owed: (kind: OwedKind, state: OwedState, cursor: string | undefined) =>
    request<OwedPage>("GET", `/${kind}${query({ state, cursor })}`),
  retry: (kind: OwedKind, one: string) => request<unknown>("POST", `/${kind}/${id(one)}/retry`),
  discard: (kind: OwedKind, one: string) => request<unknown>("POST", `/${kind}/${id(one)}/discard`),
};
