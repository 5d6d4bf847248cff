/** Contacts, what was written, and what they agreed to. */
import { id, query, request } from "../../lib/api";
import type {
  CallPage,
  Contact,
  Message,
  MessagePage,
  Narrowed,
  Schemas,
  Template,
  Wallet,
  Written,
} from "../../lib/api-types";

export type ContactList = Narrowed<Schemas["ContactPage"], { items: Contact[] }>;
export type ContactChange = Schemas["ContactChangeBody"];
export type NewMessage = Partial<Schemas["NewMessageBody"]>;

/** How far a file is. */
export type ImportResult = Written<Schemas["Import"]>;

export type ConsentKind =
  | "call_request"
  | "offer_accepted"
  | "offer_declined"
  | "offer_unclear"
  | "opt_in"
  | "opt_out"
  | "do_not_call";

export type Consent = Narrowed<Schemas["Consent"], { kind: ConsentKind; source: "message" | "person" | "import" }>;

const PAGE = 100;
const THREAD_PAGE = 50;

export const contacts = {
  list: (filter: { q?: string; tag?: string }, cursor: string | undefined) =>
    request<ContactList>("GET", `/contacts${query({ ...filter, cursor, limit: PAGE })}`),
  one: (contact: string) => request<Contact>("GET", `/contacts/${id(contact)}`),
  add: (contact: Partial<Schemas["NewContactBody"]>) => request<Contact>("POST", "/contacts", contact),
  change: (contact: string, change: ContactChange) => request<Contact>("PATCH", `/contacts/${id(contact)}`, change),
  remove: (contact: string) => request<void>("DELETE", `/contacts/${id(contact)}`),
  import: (file: Blob) => request<ImportResult>("POST", "/contacts/import", file),
  importState: (job: string) => request<ImportResult>("GET", `/contacts/imports/${id(job)}`),
  messages: (contact: string, cursor: string | undefined) =>
    request<MessagePage>("GET", `/contacts/${id(contact)}/messages${query({ cursor, limit: THREAD_PAGE })}`),
  send: (contact: string, message: NewMessage) =>
    request<Message>("POST", `/contacts/${id(contact)}/messages`, message),
  calls: (contact: string, cursor: string | undefined) =>
    request<CallPage>("GET", `/calls${query({ contact_id: contact, cursor, limit: THREAD_PAGE })}`),
  consents: (contact: string) => request<{ items: Consent[] }>("GET", `/contacts/${id(contact)}/consents`),
  record: (contact: string, consent: { kind: ConsentKind; evidence_text: string; valid_until?: string }) =>
    request<Consent>("POST", `/contacts/${id(contact)}/consents`, consent),
  withdraw: (consent: string) => request<void>("DELETE", `/consents/${id(consent)}`),
  wallet: (contact: string, number: string) => request<Wallet>("GET", `/permissions/${id(contact)}/${id(number)}`),
  templates: (number: string) => request<{ items: Template[] }>("GET", `/numbers/${id(number)}/templates`),
  users: () => request<{ items: { id: string; name: string }[] }>("GET", "/users"),
  branches: () => request<{ items: { id: string; name: string }[] }>("GET", "/branches"),
};
