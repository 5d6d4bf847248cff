/** Why a call ended, in a sentence an operator understands. */
import { useTranslation } from "react-i18next";
import { useServerWords } from "../../lib/i18n";

export function useReason(): (reason: string | null) => string {
  const { t } = useTranslation();
  const words = useServerWords();
  // The handset says why a customer was not reached; every other end is said on the page of the call only.
  const more = useServerWords("office");
  return (reason) => {
    const key = `reason.${reason ?? "other"}`;
    return words(key) ?? more(key) ?? t("reason.other");
  };
}
