/** The story of a contact, and the messages alone; both end with the field to write in. */
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import type { Contact, PhoneNumber } from "../../lib/api-types";
import { Composer } from "./composer";
import { contactName } from "./names";
import { byDay, story } from "./thread";
import { ThreadView } from "./thread-view";
import { useContactCalls, useMessages, usePermissionEvents } from "./use-thread";

interface TabProps {
  contact: Contact;
  number: PhoneNumber | undefined;
}

export function TimelineTab({ contact, number }: TabProps) {
  const { t } = useTranslation("office");
  const messages = useMessages(contact);
  const calls = useContactCalls(contact);
  const wallet = usePermissionEvents(contact, number);
  if (messages.isPending || calls.isPending) return <RowsSkeleton />;
  const broken = messages.isError && messages.data === undefined ? messages : calls.data === undefined ? calls : null;
  if (broken !== null) return <QueryTrouble error={broken.error} again={() => void broken.refetch()} />;
  const entries = story(
    { items: calls.data?.pages.flatMap((page) => page.items) ?? [], complete: !calls.hasNextPage },
    { items: messages.data?.pages.flatMap((page) => page.items) ?? [], complete: !messages.hasNextPage },
    wallet.data?.history ?? [],
  );
  const name = contactName(contact) ?? t("contacts.nameless");
  return (
    <>
      {entries.length === 0 ? (
        <CordState kind="empty" title={t("thread.empty_title")}>
          {t("thread.empty", { name })}
        </CordState>
      ) : (
        <ThreadView
          label={t("contact.tab_timeline")}
          days={byDay(entries)}
          name={name}
          older={
            messages.hasNextPage || calls.hasNextPage
              ? () => {
                  if (messages.hasNextPage) void messages.fetchNextPage();
                  if (calls.hasNextPage) void calls.fetchNextPage();
                }
              : null
          }
          fetching={messages.isFetchingNextPage || calls.isFetchingNextPage}
        />
      )}
      <Composer contact={contact} number={number} />
    </>
  );
}

export function MessagesTab({ contact, number }: TabProps) {
  const { t } = useTranslation("office");
  const messages = useMessages(contact);
  if (messages.isPending) return <RowsSkeleton />;
  if (messages.data === undefined) {
    return <QueryTrouble error={messages.error} again={() => void messages.refetch()} />;
  }
  const items = messages.data.pages.flatMap((page) => page.items);
  const name = contactName(contact) ?? t("contacts.nameless");
  const entries = story({ items: [], complete: true }, { items, complete: !messages.hasNextPage }, []);
  return (
    <>
      {entries.length === 0 ? (
        <CordState kind="empty" title={t("thread.no_messages_title")}>
          {t("thread.no_messages", { name })}
        </CordState>
      ) : (
        <ThreadView
          label={t("contact.tab_messages")}
          days={byDay(entries)}
          name={name}
          older={messages.hasNextPage ? () => void messages.fetchNextPage() : null}
          fetching={messages.isFetchingNextPage}
        />
      )}
      <Composer contact={contact} number={number} />
    </>
  );
}
