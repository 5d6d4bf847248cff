/** The rows: only those in sight are drawn, older ones are fetched as one comes near them. */
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Contact } from "../../lib/api-types";
import type { ContactsSearch } from "../../lib/contact-search";
import { ContactRow } from "./contact-row";
import styles from "./contacts.module.css";

const COLUMNS = ["contact", "country", "owner", "tags", "state", "last"] as const;

export function ContactTable(props: {
  contacts: Contact[];
  search: ContactsSearch;
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
}) {
  const { t } = useTranslation("office");
  const { contacts, list } = props;
  const narrow = useMediaQuery("(max-width: 767px)", false, { getInitialValueInEffect: false }) ?? false;
  const body = useRef<HTMLDivElement>(null);
  const height = narrow ? 64 : 44;
  const rows = useVirtualizer({
    count: contacts.length,
    getScrollElement: () => document.getElementById("content"),
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => contacts[index]?.id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change their height with the width of the window.
  useEffect(() => rows.measure(), [height]);
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (last >= contacts.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, contacts.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    // A table of divs: rows that are placed by the virtualiser cannot be rows of a <table>.
    <div
      className={styles.table}
      role="table"
      aria-label={t("contacts.title")}
      aria-rowcount={hasNextPage ? -1 : contacts.length + 1}
    >
      <div className={styles.head} role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column}>
            {t(`contacts.col_${column}`)}
          </span>
        ))}
      </div>
      <div ref={body} role="rowgroup" className={styles.body} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const contact = contacts[item.index];
          if (contact === undefined) return null;
          return (
            <ContactRow
              key={item.key}
              contact={contact}
              index={item.index + 2}
              top={item.start - rows.options.scrollMargin}
              narrow={narrow}
              search={props.search}
            />
          );
        })}
      </div>
      <p className={styles.foot}>
        {isFetchingNextPage ? t("contacts.loading_more") : hasNextPage ? " " : t("contacts.end")}
      </p>
    </div>
  );
}
