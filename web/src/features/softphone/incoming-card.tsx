/** A call that rings: who, on which line, for how long still, and the two answers to it. */
import { MousePointerClick, Phone, PhoneOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { LineLamp } from "../../components/line-lamp";
import { secondsLeft, useNow } from "../../lib/clock";
import { currentLanguage, joinSomeNames } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import type { Card } from "../../lib/softphone/state";
import { usePhone } from "../../lib/softphone/use-phone";
import { useCaller } from "./caller";
import { useDecline } from "./decline";
import styles from "./incoming-card.module.css";

function TimeLeft({ card }: { card: Card }) {
  const { t } = useTranslation();
  const now = useNow();
  const offset = usePhone((state) => state.offsetMs);
  const left = secondsLeft(card.ringUntil, offset, now);
  const share = Math.min(1, (left * 1000) / card.ringForMs);
  return (
    <>
      <span className={`${styles.left} figures`}>{t("call.seconds_left", { count: left })}</span>
      <span className={styles.track}>
        <span className={styles.bar} style={{ transform: `scaleX(${share})` }} />
      </span>
    </>
  );
}

function Farewell({ card }: { card: Card }) {
  const { t } = useTranslation();
  const { name } = useCaller(card.call);
  const by = card.gone?.by?.name;
  let text = t("call.gone_ended");
  if (card.gone?.why === "taken") text = by === undefined ? t("call.taken_unknown") : t("call.taken", { name: by });
  if (card.gone?.why === "timed_out") text = t("call.gone_timed_out");
  return (
    <article className={styles.card} data-gone="true" role="status">
      <div className={styles.farewell}>
        <LineLamp state="ended" />
        <strong>{text}</strong>
        <span className={styles.dim}>{name}</span>
      </div>
    </article>
  );
}

function useHint(card: Card): string {
  const { t } = useTranslation();
  if (card.trouble === "no_line") return t("call.trouble_no_line");
  if (card.trouble === "in_another_call") return t("call.trouble_in_another_call");
  if (card.trouble === "unreachable") return t("call.trouble_unreachable");
  if (card.trouble !== null) return t("call.trouble_other");
  if (card.last) return t("call.reject_hint");
  if (card.others.length === 0) return "";
  const names = joinSomeNames(card.others, card.othersCount, currentLanguage());
  return t("call.decline_hint", { names, count: card.othersCount });
}

export function IncomingCard({ card, first }: { card: Card; first: boolean }) {
  const { t } = useTranslation();
  const { name, known, second } = useCaller(card.call);
  const hint = useHint(card);
  const decline = useDecline();
  if (card.phase === "gone") return <Farewell card={card} />;
  const busy = card.phase !== "ringing";
  const pressed = card.call.cta_payload ?? card.call.deeplink_payload;
  const declineWord = card.last ? "call.reject" : "call.decline";
  const decliningWord = card.last ? "call.rejecting" : "call.declining";
  return (
    <article className={styles.card} data-testid="incoming-card" aria-label={`${t("status.ringing")}: ${name}`}>
      <div className={styles.top}>
        <LineLamp state="ringing" size={16} />
        <span>
          <strong>{t("status.ringing")}</strong>{" "}
          <span className={styles.dim}>{t("call.ringing_on", { line: card.call.number.name })}</span>
        </span>
        <TimeLeft card={card} />
      </div>
      <div className={styles.who}>
        <Avatar name={known} size={48} />
        <div className={styles.names}>
          <p className={styles.name}>{name}</p>
          <p className={styles.dim}>{second}</p>
        </div>
      </div>
      {pressed !== null && (
        <p className={styles.context}>
          <MousePointerClick size={16} strokeWidth={1.75} aria-hidden="true" />
          {t("call.pressed", { what: pressed })}
        </p>
      )}
      <div className={styles.keys}>
        <button type="button" className={styles.decline} disabled={busy} onClick={() => decline(card)}>
          <PhoneOff size={20} strokeWidth={1.75} aria-hidden="true" />
          {t(card.phase === "declining" ? decliningWord : declineWord)}
          {first && !busy && (
            <span className={styles.kbd} aria-hidden="true">
              Esc
            </span>
          )}
        </button>
        <button
          type="button"
          className={styles.answer}
          // Not `disabled` while connecting: the key that was pressed keeps the focus.
          aria-disabled={busy}
          data-answer="true"
          onClick={() => void phone.answer(card.call.id)}
        >
          <Phone size={20} strokeWidth={1.75} aria-hidden="true" />
          {t(card.phase === "connecting" ? "call.connecting" : "call.answer")}
          {first && !busy && (
            <span className={styles.kbd} aria-hidden="true">
              Enter
            </span>
          )}
        </button>
      </div>
      {hint !== "" && (
        <p className={styles.hint} role={card.trouble === null ? undefined : "alert"}>
          {hint}
        </p>
      )}
    </article>
  );
}
