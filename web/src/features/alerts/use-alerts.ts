/** The open alerts, kept up to date by the live stream. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { phone } from "../../lib/softphone/phone";
import { alerts } from "./api";

const KEY = ["alerts"];

export function useAlerts() {
  const queries = useQueryClient();
  useEffect(
    () =>
      phone.onAlerts(() => {
        void queries.invalidateQueries({ queryKey: KEY });
      }),
    [queries],
  );
  const query = useQuery({ queryKey: KEY, queryFn: alerts.list, refetchInterval: 60_000 });
  return { query, open: (query.data?.items ?? []).filter((alert) => alert.resolved_at === null) };
}
