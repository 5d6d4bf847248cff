/** Messages, calls and the permission of a contact, as far back as they were asked for; new ones come by themselves. */
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Contact, PhoneNumber } from "../../lib/api-types";
import { phone } from "../../lib/softphone/phone";
import { contacts } from "./api";

/** The live stream tells what is new; this is for what it could not tell. */
const MESSAGES_EVERY_MS = 30_000;
const EVENTS_EVERY_MS = 30_000;

/** What others do, and what the customer writes, is there at once. */
export function useNewsOf(contact: string) {
  const queries = useQueryClient();
  useEffect(
    () =>
      phone.onNews((news) => {
        const of =
          news === null
            ? contact
            : news.type === "message"
              ? news.message.contact_id
              : news.type === "permission"
                ? news.permission.contact_id
                : null;
        if (of !== contact) return;
        for (const key of ["messages", "contact", "consents", "wallet"]) {
          void queries.invalidateQueries({ queryKey: [key, contact] });
        }
        // Of anything else the Call button hears itself.
        if (news?.type === "message") void queries.invalidateQueries({ queryKey: ["eligibility"] });
      }),
    [queries, contact],
  );
}

export function useMessages(contact: Contact) {
  return useInfiniteQuery({
    queryKey: ["messages", contact.id],
    queryFn: ({ pageParam }) => contacts.messages(contact.id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 0,
    refetchInterval: MESSAGES_EVERY_MS,
  });
}

export function useContactCalls(contact: Contact) {
  const queries = useQueryClient();
  useEffect(
    () => phone.onCall(() => void queries.invalidateQueries({ queryKey: ["contact-calls", contact.id] })),
    [queries, contact.id],
  );
  return useInfiniteQuery({
    queryKey: ["contact-calls", contact.id],
    queryFn: ({ pageParam }) => contacts.calls(contact.id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: 0,
  });
}

export function usePermissionEvents(contact: Contact, number: PhoneNumber | undefined) {
  return useQuery({
    queryKey: ["wallet", contact.id, number?.id ?? ""],
    queryFn: () => contacts.wallet(contact.id, number?.id ?? ""),
    enabled: number !== undefined,
    staleTime: 0,
    refetchInterval: EVENTS_EVERY_MS,
  });
}
