/** Words for what a form was answered. */
import { useTranslation } from "react-i18next";
import { ApiError } from "./api";
import { useServerWords } from "./i18n";

export function useTrouble(): (error: unknown) => string {
  const { t } = useTranslation();
  const office = useServerWords("office");
  return (error) => {
    if (!(error instanceof ApiError)) return t("error.other", { code: "console" });
    if (error.status === 429) return t("login.too_many", { count: error.retryAfterS ?? 60 });
    if (error.status === 0) return t("error.unreachable");
    return office(`trouble.${error.code}`) ?? t("error.other", { code: error.code });
  };
}
