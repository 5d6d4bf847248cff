/** What every list and form shows of its question: loading, trouble, nothing there, or the answer. */
import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../lib/api";
import { CordState } from "./cord-state";

const WIDTHS = [62, 48, 70, 55, 66];

/** Shown only after 200 ms: what is faster needs no placeholder. */
export function RowsSkeleton() {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 200);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <div role="status" aria-label={t("app.loading")}>
      {WIDTHS.map((width) => (
        <Skeleton key={width} height={14} width={`${width}%`} my={15} />
      ))}
    </div>
  );
}

export function QueryTrouble({ error, again }: { error: unknown; again: () => void }) {
  const { t } = useTranslation();
  return (
    <CordState
      kind="error"
      title={t("page.load_failed")}
      actions={
        <>
          <Button onClick={again}>{t("calls.try_again")}</Button>
          <span className="mono dim">{error instanceof ApiError ? error.code : "console"}</span>
        </>
      }
    >
      {t("calls.error")}
    </CordState>
  );
}

export function QueryView<T>(props: {
  query: UseQueryResult<T>;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}) {
  const { query } = props;
  if (query.isPending) return <RowsSkeleton />;
  if (query.data === undefined) return <QueryTrouble error={query.error} again={() => void query.refetch()} />;
  if (props.isEmpty?.(query.data) === true) return props.empty;
  return props.children(query.data);
}
