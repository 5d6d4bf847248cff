/** "in 3 h 14 min", exact on hover; it counts down by itself. */
import { useTranslation } from "react-i18next";
import { useNow } from "../lib/clock";
import { exactTime } from "../lib/format";
import { currentLocale } from "../lib/i18n";
import { leftUntil } from "../lib/left";
import { phone } from "../lib/softphone/phone";

/** The words alone, for a sentence. */
export function useLeft(): (until: string, now: number) => string {
  const { t } = useTranslation("office");
  return (until, now) => {
    const left = leftUntil(until, now);
    if (left.key === "minutes") return t("left.minutes", { count: left.minutes });
    if (left.key === "hours") return t("left.hours", { hours: left.hours, minutes: left.minutes });
    if (left.key === "days") return t("left.days", { count: left.days });
    return t("left.now");
  };
}

export function Left({ until }: { until: string }) {
  const words = useLeft();
  const now = useNow() + phone.getState().offsetMs;
  return (
    <time dateTime={until} title={exactTime(until, currentLocale())} className="figures">
      {words(until, now)}
    </time>
  );
}
