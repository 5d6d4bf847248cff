/** Which calls of the list were recorded, as far as I may hear it. Fetched as far back as the list reaches. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api } from "../../lib/api";
import { phone } from "../../lib/softphone/phone";

const PAGE = 200;

export function useRecorded(oldest: string | null): ReadonlySet<string> {
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ["recordings"],
    queryFn: ({ pageParam }) => api.recordings(pageParam, PAGE),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  useEffect(
    () =>
      phone.onCall((call) => {
        if (call === null || call.ended_at !== null) void queries.invalidateQueries({ queryKey: ["recordings"] });
      }),
    [queries],
  );
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const reach = items[items.length - 1]?.started_at;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    const short = oldest !== null && reach !== undefined && Date.parse(reach) > Date.parse(oldest);
    if (short && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [oldest, reach, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return useMemo(
    () => new Set(items.filter((recording) => recording.state !== "deleted").map((recording) => recording.call_id)),
    [items],
  );
}
