/** The words of the flight record for an event of the server. A kind we do not know keeps its own name. */
import { useTranslation } from "react-i18next";
import { useServerWords } from "../../lib/i18n";

export function useEventWords(): (kind: string, data: Record<string, unknown>, person: string | null) => string {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  return (kind, data, person) => {
    const values = {
      name: person ?? t("detail.agents"),
      action: String(data.action ?? ""),
      input: String(data.input ?? ""),
    };
    return words(`event.${kind.replaceAll(".", "_")}`, values) ?? kind;
  };
}
