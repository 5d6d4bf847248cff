/** How fields and values of hours are called, wherever ours and Meta's stand beside each other. */
import { useTranslation } from "react-i18next";
import { ApiError } from "../../lib/api";
import { currentLocale, useServerWords } from "../../lib/i18n";
import { useTrouble } from "../../lib/trouble";
import { DAYS } from "./hours";
import { useDayName } from "./hours-editor";

/** The field a path of the server begins with: `weekly.sun[0]` is of `weekly.sun`. */
export function fieldOf(path: string): string {
  return path.replace(/\[.*$/s, "");
}

export function useFieldName(): (path: string) => string {
  const { t } = useTranslation("office");
  const dayName = useDayName();
  return (path) => {
    const field = fieldOf(path);
    const [part, rest] = field.split(/\.(.*)/s);
    const day = DAYS.find((each) => each === rest);
    if (part === "weekly" && day !== undefined) return dayName(day);
    if (part === "holidays" && rest !== undefined && !Number.isNaN(Date.parse(rest))) {
      return new Date(`${rest}T12:00:00`).toLocaleDateString(currentLocale(), { day: "numeric", month: "long" });
    }
    if (field === "weekly") return t("hours.week");
    if (field === "holidays") return t("hours.holidays");
    if (field === "zone") return t("hours.zone");
    if (field === "enabled") return t("hours.enabled");
    return field;
  };
}

export function useHoursSaid(): (field: string, value: string) => string {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  return (field, value) => {
    // Meta holds no closed holiday; it is told one minute.
    const closed = value === "closed" || value === "00:00-00:01" || (value === "" && field.startsWith("weekly."));
    if (closed) return t("hours.closed");
    if (value === "") return t("hours.nothing");
    return words(`meta.value_${value}`) ?? value.replace(/(\d)-(\d)/g, "$1 – $2");
  };
}

/** What the server says to hours it does not take, in the words of the page. */
export function useRefusal(): (error: unknown) => string {
  const words = useTrouble();
  const own = useServerWords("office");
  const fieldName = useFieldName();
  return (error) => {
    if (!(error instanceof ApiError)) return words(error);
    const { path, why } = error.problem as { path?: string; why?: string };
    const sentence =
      error.code === "meta_cannot_hold"
        ? own(`hours.cannot_${why}`)
        : error.code === "invalid_hours"
          ? own(`hours.refused_${why}`)
          : null;
    if (sentence !== null) return path === undefined ? sentence : `${fieldName(path)}: ${sentence}`;
    return error.code === "meta_refused" || error.code === "meta_unavailable" ? error.message : words(error);
  };
}
