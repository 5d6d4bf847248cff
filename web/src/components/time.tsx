/** Moments as people say them. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { exactTime, listTime, momentWords } from "../lib/format";
import { currentLocale } from "../lib/i18n";

/** One that stands alone, exact on hover. */
export function useTime(): (at: string) => ReactNode {
  const { t } = useTranslation();
  const locale = currentLocale();
  const words = { today: t("app.today"), yesterday: t("app.yesterday") };
  return (at) => (
    <time dateTime={at} title={exactTime(at, locale)} className="figures">
      {listTime(at, new Date(), locale, words)}
    </time>
  );
}

/** A moment inside a sentence. */
export function useMoment(): (at: string) => string {
  const locale = currentLocale();
  return (at) => momentWords(at, new Date(), locale);
}
