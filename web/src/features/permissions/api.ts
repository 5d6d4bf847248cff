/** What customers allow our numbers, and asking them. */
import { id, request } from "../../lib/api";
import type { Template, Wallet } from "../../lib/api-types";

export interface PermissionRequest {
  contact_id: string;
  number_id: string;
  text?: string;
  template?: { name: string; language: string; parameters: string[] };
}

export const permissions = {
  wallet: (contact: string, number: string) => request<Wallet>("GET", `/permissions/${id(contact)}/${id(number)}`),
  ask: (wanted: PermissionRequest) => request<unknown>("POST", "/permissions/request", wanted),
  refresh: (contact: string, number: string) =>
    request<Wallet>("POST", "/permissions/refresh", { contact_id: contact, number_id: number }),
  templates: (number: string) => request<{ items: Template[] }>("GET", `/numbers/${id(number)}/templates`),
};

export const walletKey = (contact: string, number: string) => ["wallet", contact, number] as const;
