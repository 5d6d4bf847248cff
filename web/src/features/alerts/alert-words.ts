/** An alert in words: what happened, and what to do. */
import type { Alert } from "../../lib/api-types";
import { useServerWords } from "../../lib/i18n";

/** What stops calls stands over the page as well, not only under the bell. */
const GRAVE = ["token_invalid", "number_restricted", "number_suspended", "quality_red", "no_webhook", "disk_low"];

export function isGrave(alert: Alert): boolean {
  return GRAVE.includes(alert.kind);
}

/** Values of the server as texts take them. */
export function valuesOf(data: Record<string, unknown> | null | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data ?? {})
      .filter(([, value]) => typeof value === "string" || typeof value === "number")
      .map(([name, value]) => [name, String(value)]),
  );
}

export function useAlertWords(): (alert: Alert, number: string | null) => { title: string; remedy: string } {
  const words = useServerWords("office");
  return (alert, number) => {
    const values = { number: number ?? "", ...valuesOf(alert.data) };
    return {
      // A kind this console does not know yet brings its own sentence.
      title: words(`alerts.${alert.kind}`, values) ?? alert.sentence,
      remedy: words(`alerts.${alert.kind}_do`, values) ?? "",
    };
  };
}
