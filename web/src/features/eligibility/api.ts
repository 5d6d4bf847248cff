/** May we call, and: call. */
import { id, query, request } from "../../lib/api";
import type { Call, Eligibility } from "../../lib/api-types";
import type { Overrides } from "./reasons";

/** Who is to be called: a contact, or a number nobody has a contact for yet. */
export type Who = { contact_id: string } | { phone: string };

export const eligibility = {
  ask: (who: Who, number: string | undefined) =>
    request<Eligibility>("GET", `/eligibility${query({ ...who, number })}`),
  call: (who: Who, number: string, override: Overrides | null) =>
    request<Call>("POST", "/calls", { ...who, number_id: number, ...(override === null ? {} : { override }) }),
  lift: (number: string) => request<unknown>("POST", `/numbers/${id(number)}/safeguards/lift`),
};
