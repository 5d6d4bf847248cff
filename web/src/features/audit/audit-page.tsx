/** Who did what, newest first. The filters live in the address; the export is itself written down. */
import { Button, Select, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import { useTime } from "../../components/time";
import { useServerWords } from "../../lib/i18n";
import type { AuditSearch } from "../../lib/office-search";
import { type AuditEntry, audit, csvAddress } from "./api";
import { detailWords, WHATS } from "./words";

function Filters({ search }: { search: AuditSearch }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const navigate = useNavigate({ from: "/settings/audit" });
  const users = useQuery({ queryKey: ["users"], queryFn: audit.users }).data?.items ?? [];
  const change = (part: AuditSearch) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const day = (value: string) => (value === "" ? undefined : value);
  return (
    <search className={styles.filters}>
      <Select
        label={t("audit.who")}
        searchable
        value={search.who ?? ""}
        allowDeselect={false}
        onChange={(value) => change({ who: day(value ?? "") })}
        data={[
          { value: "", label: t("audit.anybody") },
          ...users.map((user) => ({ value: user.id, label: user.name })),
        ]}
      />
      <Select
        label={t("audit.what")}
        searchable
        value={search.what ?? ""}
        allowDeselect={false}
        onChange={(value) => change({ what: day(value ?? "") })}
        data={[
          { value: "", label: t("audit.anything") },
          ...WHATS.map((what) => ({ value: what, label: words(`audit.did_${what.replaceAll(".", "_")}`) ?? what })),
        ]}
      />
      <TextInput
        label={t("audit.from")}
        type="date"
        value={search.from ?? ""}
        max={search.to}
        onChange={(event) => change({ from: day(event.currentTarget.value) })}
      />
      <TextInput
        label={t("audit.to")}
        type="date"
        value={search.to ?? ""}
        min={search.from}
        onChange={(event) => change({ to: day(event.currentTarget.value) })}
      />
    </search>
  );
}

function Who({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation("office");
  if (entry.who !== null) return <Named name={entry.who.name}>{entry.address ?? undefined}</Named>;
  if (entry.key !== null)
    return <Named name={t("audit.key", { name: entry.key.name })}>{entry.address ?? undefined}</Named>;
  if (entry.by === "command_line") return <Named name={t("audit.command_line")} />;
  if (entry.by === "nobody") return <Named name={t("audit.nobody")}>{entry.address ?? undefined}</Named>;
  return <Named name={t("audit.server")} />;
}

export function AuditPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useServerWords("office");
  const time = useTime();
  const navigate = useNavigate({ from: "/settings/audit" });
  const search = useSearch({ from: "/shell/settings/audit" });
  const list = useInfiniteQuery({
    queryKey: ["audit", search],
    queryFn: ({ pageParam }) => audit.list(search, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
    staleTime: 0,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.keys(search).length > 0;
  return (
    <>
      <PageHead
        title={t("audit.title")}
        actions={
          <Button
            component="a"
            href={csvAddress(search)}
            download
            variant="default"
            leftSection={<Download size={16} strokeWidth={1.75} aria-hidden="true" />}
          >
            {t("audit.export")}
          </Button>
        }
      >
        {t("audit.explain")}
      </PageHead>
      <Filters search={search} />
      {list.isPending ? (
        <RowsSkeleton />
      ) : list.data === undefined ? (
        <QueryTrouble error={list.error} again={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <CordState
          kind={filtered ? "filtered" : "empty"}
          title={filtered ? common("calls.nothing_title") : t("audit.empty")}
          actions={
            filtered && (
              <Button variant="default" onClick={() => void navigate({ search: {} })}>
                {common("calls.clear")}
              </Button>
            )
          }
        />
      ) : (
        <DataTable
          caption={t("audit.title")}
          rows={items}
          keyOf={(entry) => entry.id}
          columns={[
            { key: "who", head: t("audit.who"), cell: (entry) => <Who entry={entry} /> },
            {
              key: "what",
              head: t("audit.what"),
              cell: (entry) => (
                <Named name={words(`audit.did_${entry.what.replaceAll(".", "_")}`) ?? entry.what}>
                  {detailWords(entry.detail)}
                </Named>
              ),
            },
            {
              key: "subject",
              head: t("audit.subject"),
              cell: (entry) => entry.subject.name ?? <span className="mono">{entry.subject.id}</span>,
            },
            { key: "at", head: t("audit.at"), kind: "end", cell: (entry) => time(entry.at) },
          ]}
        />
      )}
      {list.hasNextPage && (
        <Button variant="default" mt={12} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("owed.more")}
        </Button>
      )}
    </>
  );
}
