/** The rows: only those in sight are drawn, older ones are fetched as one comes near them. */
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Call } from "../../lib/api-types";
import type { CallSearch } from "../../lib/call-search";
import { CallRow } from "./call-row";
import styles from "./calls.module.css";
import { useRecorded } from "./use-recorded";

const COLUMNS = ["contact", "status", "line", "agent", "duration", "sound", "time"] as const;

export function CallTable(props: {
  calls: Call[];
  search: CallSearch;
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
}) {
  const { t } = useTranslation();
  const { calls, list } = props;
  const narrow = useMediaQuery("(max-width: 767px)", false, { getInitialValueInEffect: false }) ?? false;
  const body = useRef<HTMLDivElement>(null);
  const height = narrow ? 64 : 44;
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => document.getElementById("content"),
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => calls[index]?.id ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change their height with the width of the window.
  useEffect(() => rows.measure(), [height]);
  const recorded = useRecorded(calls[calls.length - 1]?.offered_at ?? null);
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (last >= calls.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, calls.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    // A table of divs: rows that are placed by the virtualiser cannot be rows of a <table>.
    <div
      className={styles.table}
      role="table"
      aria-label={t("calls.table")}
      aria-rowcount={hasNextPage ? -1 : calls.length + 1}
      data-narrow={narrow || undefined}
    >
      <div className={styles.head} role="row" aria-rowindex={1}>
        <span role="columnheader" className="sr-only">
          {t("calls.direction")}
        </span>
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column}>
            {t(`calls.${column}`)}
          </span>
        ))}
      </div>
      <div ref={body} role="rowgroup" className={styles.body} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const call = calls[item.index];
          if (call === undefined) return null;
          const top = item.start - rows.options.scrollMargin;
          return (
            <CallRow
              key={item.key}
              call={call}
              index={item.index + 2}
              top={top}
              narrow={narrow}
              search={props.search}
              recorded={recorded.has(call.id)}
            />
          );
        })}
      </div>
      <p className={styles.foot}>{isFetchingNextPage ? t("calls.loading_more") : hasNextPage ? " " : t("calls.end")}</p>
    </div>
  );
}
