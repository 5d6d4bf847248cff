/** What others change about a number, and what Meta says of it, is on its pages at once. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { phone } from "../../lib/softphone/phone";

const OF_ONE = ["number", "number-calling", "number-safeguards", "number-hours", "number-open", "number-hours-meta"];

/** Without a number: the list of all. */
export function useNumberNews(number?: string) {
  const queries = useQueryClient();
  useEffect(
    () =>
      phone.onNews((news) => {
        // Nothing: the stream is back, and nobody knows what was said in between.
        if (news !== null && news.type !== "number_changed") return;
        void queries.invalidateQueries({ queryKey: ["numbers"] });
        if (number === undefined || (news !== null && news.number_id !== number)) return;
        for (const key of OF_ONE) void queries.invalidateQueries({ queryKey: [key, number] });
      }),
    [queries, number],
  );
}
