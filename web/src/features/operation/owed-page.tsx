/** Deliveries and jobs: what waits, what was given up, what is done. What was given up is kept until a person decides. */
import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import { Standing, type Tone } from "../../components/standing";
import { useTime } from "../../components/time";
import { useServerWords } from "../../lib/i18n";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { OWED_STATES, type Owed, type OwedKind, type OwedState, operation } from "./api";

/** What was given up is shown without being asked for. */
const KEPT_IN_ADDRESS = ["waiting", "done"] as const;

const TONES: Record<OwedState, Tone> = {
  waiting: "warn",
  running: "warn",
  dead: "bad",
  done: "ok",
  discarded: "quiet",
};

export function OwedPage() {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const server = useServerWords("office");
  const time = useTime();
  const queries = useQueryClient();
  const navigate = useNavigate({ from: "/settings/deliveries" });
  const search = useSearch({ from: "/shell/settings/deliveries" });
  const kind: OwedKind = search.kind ?? "deliveries";
  const state = search.state ?? "dead";
  const [discarding, setDiscarding] = useState<Owed | null>(null);
  const list = useInfiniteQuery({
    queryKey: ["owed", kind, state],
    queryFn: ({ pageParam }) => operation.owed(kind, state, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });
  const again = () => queries.invalidateQueries({ queryKey: ["owed"] });
  const retry = (one: Owed) =>
    operation.retry(kind, one.id).then(
      () => {
        toast({ message: t("owed.retried") });
        void again();
      },
      (error) => toast({ color: "red", message: words(error) }),
    );
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHead title={t("owed.title")}>{t("owed.explain")}</PageHead>
      <div className={styles.filters}>
        <SegmentedControl
          aria-label={t("owed.kind")}
          value={kind}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, kind: value === "jobs" ? "jobs" : undefined }) })
          }
          data={[
            { value: "deliveries", label: t("owed.deliveries") },
            { value: "jobs", label: t("owed.jobs") },
          ]}
        />
        <SegmentedControl
          aria-label={t("people.state")}
          value={state}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                state: KEPT_IN_ADDRESS.find((each) => each === value),
              }),
            })
          }
          data={OWED_STATES.map((each) => ({ value: each, label: t(`owed.${each}`) }))}
        />
      </div>
      {list.isPending ? (
        <RowsSkeleton />
      ) : list.data === undefined ? (
        <QueryTrouble error={list.error} again={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <CordState kind={state === "dead" ? "empty" : "filtered"} title={t(`owed.none_${state}`)} />
      ) : (
        <DataTable
          caption={t(`owed.${kind}`)}
          rows={items}
          keyOf={(one) => one.id}
          columns={[
            {
              key: "target",
              head: t("owed.target"),
              cell: (one) => (
                <Named name={one.target ?? "—"}>
                  {server(`owed.kind_${one.kind}`) ?? one.kind}, {time(one.created_at)}
                </Named>
              ),
            },
            {
              key: "state",
              head: t("people.state"),
              cell: (one) => <Standing tone={TONES[one.state]} word={t(`owed.${one.state}`)} />,
            },
            {
              key: "attempts",
              head: t("owed.attempts"),
              kind: "end",
              cell: (one) => t("owed.tries", { count: one.attempts }),
            },
            {
              key: "next",
              head: t("owed.next"),
              cell: (one) => (one.state === "waiting" && one.next_at !== null ? time(one.next_at) : "—"),
            },
            {
              key: "error",
              head: t("owed.last_error"),
              cell: (one) => one.last_error ?? "—",
            },
            {
              key: "actions",
              head: t("people.actions"),
              kind: "buttons",
              cell: (one) =>
                one.state !== "dead" ? null : (
                  <>
                    <Button
                      variant="subtle"
                      size="compact-sm"
                      leftSection={<RotateCcw size={14} strokeWidth={1.75} aria-hidden="true" />}
                      onClick={() => void retry(one)}
                    >
                      {t("owed.retry")}
                    </Button>
                    <Button variant="subtle" size="compact-sm" onClick={() => setDiscarding(one)}>
                      {t("owed.discard")}
                    </Button>
                  </>
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
      {discarding !== null && (
        <ConfirmDialog
          title={t("owed.discard_title")}
          action={t("owed.discard")}
          run={() => operation.discard(kind, discarding.id).then(again)}
          onClose={() => setDiscarding(null)}
        >
          {discarding.target !== null && <p className="mono">{discarding.target}</p>}
          <p>{t("owed.discard_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
