/** What a contact is called, and what else is known of him. */
import type { Contact } from "../../lib/api-types";

type Named = Pick<Contact, "name" | "username" | "phone" | "phone_display">;

/** Name, user name or number; none when WhatsApp shares none of them. */
export function contactName(contact: Named): string | null {
  const { name, username, phone_display, phone } = contact;
  return name ?? (username ? `@${username.replace(/^@/, "")}` : null) ?? phone_display ?? phone;
}

/** The number as a second line, unless it is the name already. */
export function contactPhone(contact: Named): string | null {
  const phone = contact.phone_display ?? contact.phone;
  return phone === contactName(contact) ? null : phone;
}

/** May we write freely? */
export function windowOpen(contact: Pick<Contact, "window_until">, now: number): boolean {
  return contact.window_until !== null && Date.parse(contact.window_until) > now;
}

/** When something last happened. */
export function lastSeen(contact: Pick<Contact, "last_message_at" | "last_call_at" | "created_at">): string {
  const moments = [contact.last_message_at, contact.last_call_at].filter((at) => at !== null).sort();
  return moments[moments.length - 1] ?? contact.created_at;
}
