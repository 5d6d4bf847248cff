/** Calls from the server, kept up to date by the live stream. */
import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, type CallFilter } from "../../lib/api";
import type { CallDetail } from "../../lib/api-types";
import { type CallPages, withCall } from "../../lib/call-list";
import { phone } from "../../lib/softphone/phone";

const PAGE = 100;
const FINISHING_MS = 2_000;

function callsQuery(filter: CallFilter) {
  return infiniteQueryOptions({
    queryKey: ["calls", filter] as const,
    queryFn: ({ pageParam }) => api.calls(filter, pageParam, PAGE),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
}

export function useCalls(filter: CallFilter) {
  const queries = useQueryClient();
  useEffect(
    () =>
      phone.onCall((call) => {
        if (call === null) {
          void queries.invalidateQueries({ queryKey: ["calls"] });
          return;
        }
        for (const [key, pages] of queries.getQueriesData<CallPages>({ queryKey: ["calls"] })) {
          if (pages === undefined) continue;
          const changed = withCall(pages, call, (key[1] ?? {}) as CallFilter);
          if (changed !== pages) queries.setQueryData(key, changed);
        }
      }),
    [queries],
  );
  return useInfiniteQuery(callsQuery(filter));
}

export function useCall(id: string) {
  const queries = useQueryClient();
  const options = queryOptions({
    queryKey: ["call", id],
    queryFn: () => api.call(id),
    // Nothing tells when a recording is finished; it is a matter of seconds.
    refetchInterval: ({ state }) =>
      state.data?.recordings.some((recording) => recording.state === "processing") ? FINISHING_MS : false,
  });
  useEffect(
    () =>
      phone.onCall((call) => {
        if (call !== null && call.id !== id) return;
        if (call !== null) {
          queries.setQueryData<CallDetail>(["call", id], (before) =>
            before === undefined ? before : { ...before, ...call },
          );
        }
        // The record of the call has grown as well; the frame carries only its head.
        void queries.invalidateQueries({ queryKey: ["call", id] });
      }),
    [queries, id],
  );
  return useQuery(options);
}
