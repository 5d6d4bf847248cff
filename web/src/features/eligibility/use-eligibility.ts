/** The verdict about one customer and one of our numbers, kept fresh: it changes by itself, by others, and when a reason ends. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { currentLanguage } from "../../lib/i18n";
import { type News, phone } from "../../lib/softphone/phone";
import { usePhone } from "../../lib/softphone/use-phone";
import { eligibility, type Who } from "./api";
import { nextChange } from "./reasons";

const EVERY_MS = 15_000;
/** A moment after the end of a reason, so that the server sees it as over, too. */
const AFTER_MS = 500;

export function eligibilityQuery(who: Who, number: string | undefined) {
  return queryOptions({
    // The sentences come in the language of the page.
    queryKey: ["eligibility", who, number ?? null, currentLanguage()] as const,
    queryFn: () => eligibility.ask(who, number),
    staleTime: 0,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => {
      const now = Date.now() + phone.getState().offsetMs;
      const next = state.data === undefined ? null : nextChange(state.data, now);
      return next === null ? EVERY_MS : Math.max(AFTER_MS, Math.min(EVERY_MS, next - now + AFTER_MS));
    },
  });
}

/** Whether news may change the verdict about somebody. Who was typed as a number may be any contact. */
export function concerns(news: News | null, who: Who, number: string | undefined): boolean {
  if (news === null) return true;
  switch (news.type) {
    case "permission":
      return !("contact_id" in who) || news.permission.contact_id === who.contact_id;
    case "number_changed":
      return number === undefined || news.number_id === number;
    case "message":
      // What customers write is for the page that knows whose message it is.
      return false;
  }
}

export function useEligibility(who: Who, number: string | undefined) {
  const queries = useQueryClient();
  // Whether I could speak is one of the reasons, and this page is the first to know that it changed.
  const mine = usePhone((state) => `${state.status} ${state.line} ${state.sound} ${state.microphone}`);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again whenever my own standing is another.
  useEffect(() => void queries.invalidateQueries({ queryKey: ["eligibility"] }), [queries, mine]);
  const query = useQuery(eligibilityQuery(who, number));
  // Until the server has chosen one, it may be any.
  const line = number ?? (query.isPlaceholderData ? undefined : query.data?.number.id);
  // Callers name the same customer with another object each time.
  const latest = useRef(who);
  useEffect(() => {
    latest.current = who;
  });
  useEffect(() => {
    const again = () => void queries.invalidateQueries({ queryKey: ["eligibility"] });
    const stop = [phone.onCall(again), phone.onNews((news) => concerns(news, latest.current, line) && again())];
    return () => {
      for (const each of stop) each();
    };
  }, [queries, line]);
  return query;
}
