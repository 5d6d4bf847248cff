/** Who calls, as cards and handset write it. */
import { useTranslation } from "react-i18next";
import type { Call } from "../../lib/api-types";
import { callerName, country } from "../../lib/format";
import { currentLanguage } from "../../lib/i18n";

export function useCaller(call: Call): { name: string; known: string | null; second: string } {
  const { t } = useTranslation();
  const known = callerName(call);
  const place = country(call.caller.country, currentLanguage());
  const phone = call.caller.phone ?? t("calls.no_number");
  const second = [known === call.caller.phone ? null : phone, place].filter((part) => part !== null).join(", ");
  return { name: known ?? t("calls.unknown"), known, second };
}
