import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { UserX } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import { PageHead } from "../../components/page-head";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import { useTime } from "../../components/time";
import { api } from "../../lib/api";
import { type BlockedCaller, blocked } from "./api";
import { BlockDialog } from "./block-dialog";

export function BlockedPage() {
  const { t } = useTranslation("office");
  const time = useTime();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ["blocked-callers"],
    queryFn: ({ pageParam }) => blocked.list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers }).data?.items ?? [];
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<BlockedCaller | null>(null);
  const nameOf = (caller: BlockedCaller) => caller.name ?? caller.phone ?? t("blocked.nameless");
  const add = (
    <Button leftSection={<UserX size={18} strokeWidth={1.75} aria-hidden="true" />} onClick={() => setAdding(true)}>
      {t("blocked.add")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("blocked.title")} actions={items.length > 0 ? add : undefined}>
        {t("blocked.explain")}
      </PageHead>
      {list.isPending ? (
        <RowsSkeleton />
      ) : list.data === undefined ? (
        <QueryTrouble error={list.error} again={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <CordState kind="empty" title={t("blocked.empty_title")} actions={add}>
          {t("blocked.empty")}
        </CordState>
      ) : (
        <DataTable
          caption={t("blocked.title")}
          rows={items}
          keyOf={(caller) => caller.id}
          columns={[
            {
              key: "caller",
              head: t("blocked.caller"),
              cell: (caller) => (
                <Named name={<span className="figures">{nameOf(caller)}</span>}>
                  {caller.name !== null && caller.phone !== null && <span className="figures">{caller.phone}</span>}
                </Named>
              ),
            },
            { key: "reason", head: t("blocked.reason"), cell: (caller) => caller.reason },
            {
              key: "number",
              head: t("relays.number"),
              cell: (caller) =>
                caller.number_id === null
                  ? t("relays.all_numbers")
                  : (numbers.find((number) => number.id === caller.number_id)?.name ?? "—"),
            },
            {
              key: "until",
              head: t("blocked.until"),
              cell: (caller) => (caller.until === null ? t("blocked.for_forever") : time(caller.until)),
            },
            {
              key: "by",
              head: t("blocked.by"),
              cell: (caller) => (
                <>
                  {caller.created_by.name}, {time(caller.created_at)}
                </>
              ),
            },
            {
              key: "actions",
              head: t("people.actions"),
              kind: "actions",
              cell: (caller) => (
                <Button
                  variant="subtle"
                  size="compact-sm"
                  aria-label={t("blocked.unblock_named", { name: nameOf(caller) })}
                  onClick={() => setRemoving(caller)}
                >
                  {t("blocked.unblock")}
                </Button>
              ),
            },
          ]}
        />
      )}
      {list.hasNextPage && (
        <Button variant="default" mt={12} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("owed.more")}
        </Button>
      )}
      {adding && <BlockDialog caller={null} onClose={() => setAdding(false)} />}
      {removing !== null && (
        <ConfirmDialog
          title={t("blocked.unblock_title", { name: nameOf(removing) })}
          action={t("blocked.unblock")}
          run={() =>
            blocked.remove(removing.id).then(() => queries.invalidateQueries({ queryKey: ["blocked-callers"] }))
          }
          onClose={() => setRemoving(null)}
        >
          <p>{t("blocked.unblock_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
