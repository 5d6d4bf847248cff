/** The list of calls as it is kept in the page: pages of the server, with every live change worked in. */
import type { InfiniteData } from "@tanstack/react-query";
import type { CallFilter } from "./api";
import type { Call, CallPage } from "./api-types";

export type CallPages = InfiniteData<CallPage, string | undefined>;

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Would the server put this call on a list with this filter? */
export function matches(call: Call, filter: CallFilter): boolean {
  if (filter.direction !== undefined && call.direction !== filter.direction) return false;
  if (filter.status !== undefined && call.status !== filter.status) return false;
  if (filter.search === undefined) return true;
  const wanted = folded(filter.search);
  const { name, phone, username } = call.caller;
  const digits = filter.search.replace(/\D/g, "");
  if (digits.length >= 3 && phone !== null && phone.replace(/\D/g, "").includes(digits)) return true;
  return [name, username, phone].some((value) => value !== null && folded(value).includes(wanted));
}

/** The pages with this call changed, added on top, or taken away because it no longer matches. Untouched pages stay the same. */
export function withCall(pages: CallPages, call: Call, filter: CallFilter): CallPages {
  const fits = matches(call, filter);
  const known = pages.pages.some((page) => page.items.some((item) => item.id === call.id));
  if (!known) {
    const [first, ...rest] = pages.pages;
    if (!fits || first === undefined) return pages;
    return { ...pages, pages: [{ ...first, items: [call, ...first.items] }, ...rest] };
  }
  return {
    ...pages,
    pages: pages.pages.map((page) => {
      if (!page.items.some((item) => item.id === call.id)) return page;
      const items = fits
        ? page.items.map((item) => (item.id === call.id ? call : item))
        : page.items.filter((item) => item.id !== call.id);
      return { ...page, items };
    }),
  };
}
