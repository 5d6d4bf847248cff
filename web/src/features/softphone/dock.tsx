/** Where the phone stands on the page: cards, handset and cradle for each width. */
import { useCallback, useEffect, useState } from "react";
import { usePhone } from "../../lib/softphone/use-phone";
import { Handset } from "./handset";
import { IncomingCards } from "./incoming-cards";

export interface Dock {
  /** The handset is out: a column on wide windows, an overlay or the whole screen on narrow ones. */
  open: boolean;
  /** A call goes on and its handset is folded into the cradle. */
  minimised: boolean;
  show: () => void;
  hide: () => void;
}

export function useDock(): Dock {
  const callId = usePhone((state) => state.myCall?.id ?? null);
  const lingering = usePhone((state) => state.justEnded !== null);
  const mine = usePhone((state) => state.tab === "phone" && state.line !== "replaced");
  const [small, setSmall] = useState(false);
  useEffect(() => {
    if (callId !== null) setSmall(false);
  }, [callId]);
  const show = useCallback(() => setSmall(false), []);
  const hide = useCallback(() => setSmall(true), []);
  const active = mine && (callId !== null || lingering);
  return { open: active && !small, minimised: mine && callId !== null && small, show, hide };
}

export function HandsetSlot({ dock }: { dock: Dock }) {
  const call = usePhone((state) => state.myCall ?? state.justEnded?.call ?? null);
  if (!dock.open || call === null) return null;
  return <Handset call={call} onMinimise={dock.hide} />;
}

export function CardsSlot({ dock }: { dock: Dock }) {
  return <IncomingCards compact={dock.open} />;
}
