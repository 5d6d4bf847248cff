/** Why a call ended, in a sentence an operator understands. */
import { useTranslation } from "react-i18next";
import { useServerWords } from "../../lib/i18n";

export function useReason(): (reason: string | null) => string {
  const { t } = useTranslation();
  const words = useServerWords();
  return (reason) => words(`reason.${reason ?? "other"}`) ?? t("reason.other");
}
