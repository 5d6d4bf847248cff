/** Who is signed in, and to which server. */
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, api } from "./api";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // A refusal stays a refusal; only what never arrived, or broke on the way, is worth asking again.
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
});

export const meQuery = queryOptions({ queryKey: ["me"], queryFn: api.me, staleTime: Number.POSITIVE_INFINITY });
export const serverQuery = queryOptions({ queryKey: ["server"], queryFn: api.server, staleTime: 600_000 });

export function useServer() {
  return useQuery(serverQuery);
}

/** Nothing of one person may be left for the next. */
export function endSession() {
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "server" });
}
