/** The stack of calls that ring me: floating under the cradle, a sheet from below on a phone. */
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { isTyping } from "../../lib/shortcuts";
import { usePhone } from "../../lib/softphone/use-phone";
import { IncomingCard } from "./incoming-card";
import styles from "./incoming-cards.module.css";

const SHOWN = 3;

export function IncomingCards({ compact }: { compact: boolean }) {
  const { t } = useTranslation();
  const cards = usePhone((state) => state.cards);
  const mine = usePhone((state) => state.tab === "phone" && state.line !== "replaced");
  const list = useRef<HTMLElement>(null);
  const firstId = cards.find((card) => card.phase === "ringing")?.call.id;

  useEffect(() => {
    if (firstId === undefined || compact) return;
    // A card never takes the focus from a field, a dialog or a menu.
    const active = document.activeElement;
    const free = active === null || active === document.body || active instanceof HTMLHeadingElement;
    if (free && !isTyping(active))
      list.current?.querySelector<HTMLElement>("[data-answer]")?.focus({ preventScroll: true });
  }, [firstId, compact]);

  if (!mine || cards.length === 0) return null;
  const shown = cards.slice(0, SHOWN);
  const more = cards.length - shown.length;
  return (
    <section
      ref={list}
      className={styles.cards}
      data-surface="ebonite"
      data-compact={compact || undefined}
      aria-label={t("status.ringing")}
    >
      {shown.map((card) => (
        <IncomingCard key={card.call.id} card={card} first={card.call.id === firstId} />
      ))}
      {more > 0 && <p className={styles.more}>{t("call.more", { count: more })}</p>}
    </section>
  );
}
