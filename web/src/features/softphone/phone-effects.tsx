/** What the softphone does to the page around it: title, favicon, notifications, announcements, keys. Draws nothing visible. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { SrLive } from "../../components/sr-live";
import { secondsLeft } from "../../lib/clock";
import { callerName, firstName } from "../../lib/format";
import { setIconLamp, setOverTitle } from "../../lib/page-title";
import { preferences, usePreferences } from "../../lib/preferences";
import { isTyping, matchShortcut } from "../../lib/shortcuts";
import { CallNotifications } from "../../lib/softphone/notifications";
import { phone } from "../../lib/softphone/phone";
import { isDialling } from "../../lib/softphone/state";
import { usePhone } from "../../lib/softphone/use-phone";
import { useDecline } from "./decline";
import { useEnd } from "./handset";
import { useRecord } from "./recording-key";

function useRingingCards() {
  const cards = usePhone((state) => state.cards);
  const mine = usePhone((state) => state.tab === "phone" && state.line !== "replaced");
  return useMemo(() => (mine ? cards.filter((card) => card.phase === "ringing") : []), [cards, mine]);
}

function useTabBadge() {
  const { t } = useTranslation();
  const ringing = useRingingCards();
  const talking = usePhone((state) => state.myCall !== null);
  const first = ringing[0];
  const name = first === undefined ? null : firstName(callerName(first.call) ?? t("calls.unknown"));
  useEffect(() => {
    setOverTitle(name === null ? null : t("title.ringing", { count: ringing.length, name }));
    setIconLamp(name !== null ? "ringing" : talking ? "talking" : null);
    return () => setOverTitle(null);
  }, [name, ringing.length, talking, t]);
}

function useNotifications() {
  const { t } = useTranslation();
  const ringing = useRingingCards();
  const notifications = useRef<CallNotifications | null>(null);
  notifications.current ??= new CallNotifications();
  useEffect(() => {
    const shown = ringing.map((card) => ({
      id: card.call.id,
      title: callerName(card.call) ?? t("calls.unknown"),
      body: `${t("status.ringing")} ${t("call.ringing_on", { line: card.call.number.name })}`,
    }));
    notifications.current?.sync(shown);
  }, [ringing, t]);
  useEffect(() => () => notifications.current?.sync([]), []);
}

function useKeys(onShortcuts: () => void, onOpen: () => void) {
  const navigate = useNavigate();
  const decline = useDecline();
  const end = useEnd();
  const record = useRecord();
  const back = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const toThePhone = () => {
      const inside = document.activeElement?.closest('[data-surface="ebonite"]');
      if (inside !== null && inside !== undefined) {
        back.current?.focus();
        return;
      }
      back.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
      onOpen();
      const target =
        document.querySelector<HTMLElement>("[data-answer]") ??
        document.querySelector<HTMLElement>('[data-surface="ebonite"] button:not(:disabled)');
      target?.focus();
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const name = matchShortcut(event, isTyping(event.target), preferences.get().shortcutsOff);
      if (name === null) return;
      const state = phone.getState();
      if (name === "decline") {
        // Esc closes what is open first; only when nothing is does it decline.
        // Closed lists stay in the document, so only what can be seen counts.
        const layers = [...document.querySelectorAll('[role="dialog"], [role="menu"], [role="listbox"]')];
        if (layers.some((layer) => layer.checkVisibility())) return;
        const card = state.cards.find((each) => each.phase === "ringing");
        if (card === undefined || state.tab !== "phone") return;
        void decline(card);
      } else if (name === "end") {
        if (state.myCall === null) return;
        end();
      } else if (name === "mute") {
        if (state.myCall === null) return;
        phone.mute(!state.muted);
      } else if (name === "record") {
        if (state.myCall === null) return;
        record();
      } else if (name === "history") void navigate({ to: "/calls" });
      else if (name === "focus_phone") toThePhone();
      else onShortcuts();
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

/** Says once, when a call arrives, who it is; and what became of it. The seconds are not counted aloud. */
function Announcements() {
  const { t } = useTranslation();
  const ringing = useRingingCards();
  const myCall = usePhone((state) => state.myCall);
  const ended = usePhone((state) => state.justEnded);
  const newest = ringing[ringing.length - 1];
  const [loud, setLoud] = useState("");
  const newestId = newest?.call.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: said once per call, not at every change of it.
  useEffect(() => {
    if (newest === undefined) return setLoud("");
    const name = callerName(newest.call) ?? t("calls.unknown");
    const count = secondsLeft(newest.ringUntil, phone.getState().offsetMs, Date.now());
    setLoud(t("call.announce", { name, line: newest.call.number.name, count }));
    return undefined;
  }, [newestId]);
  const call = myCall ?? ended?.call ?? null;
  const name = call === null ? "" : (callerName(call) ?? t("calls.unknown"));
  const quiet =
    myCall !== null
      ? t(isDialling(myCall) ? "call.calling_polite" : "call.answered_polite", { name })
      : ended !== null
        ? t(isDialling(ended.call) ? "call.not_answered" : "call.ended_polite", { name })
        : "";
  return (
    <>
      <SrLive assertive text={loud} />
      <SrLive text={quiet} />
    </>
  );
}

export function PhoneEffects({ onShortcuts, onOpen }: { onShortcuts: () => void; onOpen: () => void }) {
  useTabBadge();
  useNotifications();
  useKeys(onShortcuts, onOpen);
  const chosen = usePreferences();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when one of these two is changed.
  useEffect(() => phone.preferencesChanged(), [chosen.warmMicrophone, chosen.ringtoneOn]);
  const talking = usePhone((state) => state.myCall !== null);
  useEffect(() => {
    if (!talking) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [talking]);
  return <Announcements />;
}
