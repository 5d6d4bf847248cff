/** All calls, newest first, live. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { PageHead } from "../../components/page-head";
import { ApiError, api } from "../../lib/api";
import { useServer } from "../../lib/session";
import { CallFilters } from "./call-filters";
import { CallTable } from "./call-table";
import { ListSkeleton } from "./list-skeleton";
import { useCalls } from "./use-calls";

function NoCalls() {
  const { t } = useTranslation();
  const server = useServer();
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers });
  const number = numbers.data?.items[0]?.display_phone;
  const url = server.data?.phone_page_url ?? null;
  return (
    <CordState
      kind="empty"
      title={t("calls.empty_title")}
      actions={
        url !== null && (
          <Button component="a" href={url} target="_blank" rel="noreferrer">
            {t("calls.open_simulator")}
          </Button>
        )
      }
    >
      {number === undefined || url === null ? t("calls.empty_no_number") : t("calls.empty", { number })}
    </CordState>
  );
}

export function CallsPage({ actions }: { actions?: ReactNode }) {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/calls" });
  const navigate = useNavigate();
  const list = useCalls(search);
  const calls = list.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.keys(search).length > 0;
  const clear = () => void navigate({ to: "/calls", search: {} });

  let content = <CallTable calls={calls} search={search} list={list} />;
  if (list.isPending) content = <ListSkeleton />;
  else if (list.isError && calls.length === 0) {
    content = (
      <CordState
        kind="error"
        title={t("calls.error_title")}
        actions={
          <>
            <Button onClick={() => void list.refetch()}>{t("calls.try_again")}</Button>
            <span className="mono dim">{list.error instanceof ApiError ? list.error.code : "console"}</span>
          </>
        }
      >
        {t("calls.error")}
      </CordState>
    );
  } else if (calls.length === 0 && filtered) {
    content = (
      <CordState
        kind="filtered"
        title={t("calls.nothing_title")}
        actions={
          <Button variant="default" onClick={clear}>
            {t("calls.clear")}
          </Button>
        }
      >
        {t("calls.nothing")}
      </CordState>
    );
  } else if (calls.length === 0) content = <NoCalls />;

  return (
    <>
      <PageHead title={t("calls.title")} actions={actions}>
        {t("calls.explain")}
      </PageHead>
      <CallFilters search={search} />
      {content}
    </>
  );
}
