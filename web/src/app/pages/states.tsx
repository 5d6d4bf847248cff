/** Pages that are none: not there, not allowed, broken. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { ApiError } from "../../lib/api";
import { meQuery } from "../../lib/session";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <CordState
      kind="filtered"
      heading="h1"
      title={t("page.not_found_title")}
      actions={
        <Link to="/calls" search={{}}>
          {t("page.to_calls")}
        </Link>
      }
    >
      {t("page.not_found")}
    </CordState>
  );
}

export function Forbidden() {
  const { t } = useTranslation();
  const tenant = useQuery({ ...meQuery, enabled: false }).data?.tenant.name ?? "";
  return (
    <CordState kind="filtered" heading="h1" title={t("page.forbidden_title")}>
      {t("page.forbidden", { tenant })}
    </CordState>
  );
}

export function Broken({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  if (error instanceof ApiError && error.status === 403) return <Forbidden />;
  const code = error instanceof ApiError ? error.code : "console";
  return (
    <CordState
      kind="error"
      heading="h1"
      title={t("page.broken_title")}
      actions={
        <>
          <Button onClick={() => location.reload()}>{t("page.reload")}</Button>
          <span className="mono dim">{code}</span>
        </>
      }
    >
      {t("page.broken")}
    </CordState>
  );
}
