/** What the list of contacts and the page of one show, as it stands in the address. Whatever is not one of our words falls away. */

export interface ContactsSearch {
  q?: string;
  tag?: string;
}

export type ContactTab = "timeline" | "messages" | "consent" | "permission" | "details";
export const CONTACT_TABS: ContactTab[] = ["timeline", "messages", "consent", "permission", "details"];

/** The page keeps the filter of the list for the way back. */
export interface ContactSearch extends ContactsSearch {
  tab?: ContactTab;
  /** The number of ours that is meant: to call from, to write from. */
  number?: string;
}

function words(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text.trim() !== "" ? text.slice(0, 100) : undefined;
}

function said<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export function readContactsSearch(search: Record<string, unknown>): ContactsSearch {
  return said({ q: words(search.q), tag: words(search.tag) });
}

export function readContactSearch(search: Record<string, unknown>): ContactSearch {
  const tab = CONTACT_TABS.find((each) => each === search.tab);
  const number = typeof search.number === "string" && /^[\w-]{1,80}$/.test(search.number) ? search.number : undefined;
  return said({ ...readContactsSearch(search), tab, number });
}
