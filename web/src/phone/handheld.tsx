/** The phone itself: a screen to call with, and a screen of messages. */
import { Lamp, MessageSquare, Mic, MicOff, Phone, PhoneOff } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { clockTime, duration } from "../lib/format";
import { currentLocale } from "../lib/i18n";
import type { CallView } from "./customer-call";
import styles from "./handheld.module.css";
import { type BusinessNumber, international } from "./simulator";

const KEYS: [string, string][] = [
  ["1", ""],
  ["2", "abc"],
  ["3", "def"],
  ["4", "ghi"],
  ["5", "jkl"],
  ["6", "mno"],
  ["7", "pqrs"],
  ["8", "tuv"],
  ["9", "wxyz"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
];

/** The simulator's words for who ended it. */
const ENDINGS: Record<
  string,
  | "phone.ended_customer"
  | "phone.ended_business"
  | "phone.ended_rejected"
  | "phone.ended_declined"
  | "phone.ended_missed"
  | "phone.ended_failed"
> = {
  customer: "phone.ended_customer",
  business: "phone.ended_business",
  rejected: "phone.ended_rejected",
  declined: "phone.ended_declined",
  ring_timeout: "phone.ended_missed",
  media_timeout: "phone.ended_failed",
  failed: "phone.ended_failed",
};

function useStateWords(view: CallView): string {
  const { t } = useTranslation("phone");
  switch (view.state) {
    case "idle":
      return t("phone.idle");
    case "calling":
      return t("phone.calling");
    case "ringing":
      return t("phone.ringing");
    case "connected":
      return t("phone.connected");
    case "failed":
      return t("phone.ended_failed");
    case "ended":
      return t(ENDINGS[view.why ?? ""] ?? "phone.ended");
  }
}

function Clock({ since }: { since: number | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return since === null ? null : <span className="figures">{duration((now - since) / 1000)}</span>;
}

export type Screen = "call" | "messages";

export function Handheld(props: {
  view: CallView;
  number: BusinessNumber | undefined;
  ready: boolean;
  /** A call of the business rings. */
  incoming: boolean;
  screen: Screen;
  messages: ReactNode;
  /** So many messages of the business were not looked at. */
  unread: number;
  onScreen: (screen: Screen) => void;
  onAccept: () => void;
  onDecline: () => void;
  onCall: () => void;
  onHangUp: () => void;
  onKey: (key: string) => void;
  onMute: (on: boolean) => void;
}) {
  const { t } = useTranslation("phone");
  const { view, number } = props;
  const stateWords = useStateWords(view);
  const talking = view.state === "connected";
  const busy = talking || view.state === "calling" || view.state === "ringing";
  const incoming = props.incoming && !busy;
  const words = incoming ? t("phone.incoming", { name: number?.name ?? "" }) : stateWords;
  const tabs: [Screen, string, typeof Phone][] = [
    ["call", t("phone.tab_call"), Phone],
    ["messages", t("phone.tab_messages"), MessageSquare],
  ];
  return (
    <section className={styles.phone} aria-label={t("phone.page_title")}>
      <div className={styles.screen}>
        <p className={styles.bar} aria-hidden="true">
          <span className="figures">{clockTime(new Date().toISOString(), currentLocale())}</span>
          <svg width="60" height="16" viewBox="0 0 60 16" fill="currentColor" aria-hidden="true">
            <path d="M0 12h2.5v3H0zM4 9h2.5v6H4zM8 6h2.5v9H8zM12 3h2.5v12H12z" />
            <path d="M27 13.5 20 6a10 10 0 0 1 14 0z" opacity="0.9" />
            <rect x="40" y="3.5" width="16" height="9" rx="2.5" fill="none" stroke="currentColor" strokeWidth="1.4" />
            <rect x="42" y="5.5" width="9" height="5" rx="1" />
          </svg>
        </p>
        <nav className={styles.tabs} aria-label={t("phone.tabs")}>
          {tabs.map(([screen, label, Icon]) => (
            <button
              key={screen}
              type="button"
              aria-pressed={incoming ? screen === "call" : props.screen === screen}
              disabled={incoming}
              onClick={() => props.onScreen(screen)}
            >
              <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
              {label}
              {screen === "messages" && props.unread > 0 && (
                <span className={styles.unread} aria-hidden="true">
                  {props.unread}
                </span>
              )}
            </button>
          ))}
        </nav>
        {props.screen === "messages" && !incoming ? props.messages : null}
        <div className={props.screen === "messages" && !incoming ? styles.away : styles.dial}>
          <span className={styles.icon}>
            <Lamp size={44} strokeWidth={1.75} aria-hidden="true" />
          </span>
          <p className={styles.name}>{number?.name ?? "—"}</p>
          <p className={styles.second}>
            {number === undefined ? "" : `${international(number.display_phone)}, ${t("phone.business")}`}
          </p>
          <p
            className={styles.state}
            role="status"
            data-testid="phone-state"
            data-state={incoming ? "incoming" : view.state}
          >
            {talking ? null : words}
            {talking && <span className="sr-only">{words}</span>}
          </p>
          {talking && (
            <p className={styles.timer}>
              <Clock since={view.connectedAt} />
            </p>
          )}
          <div className={styles.keys}>
            {KEYS.map(([key, letters]) => (
              <button
                key={key}
                type="button"
                className={styles.key}
                aria-label={t("phone.key", { key })}
                disabled={!talking}
                onClick={() => props.onKey(key)}
              >
                <span>{key}</span>
                <small>{letters}</small>
              </button>
            ))}
          </div>
          <div className={styles.foot}>
            {incoming ? (
              <>
                <span className={styles.action}>
                  <button
                    type="button"
                    className={styles.hangUp}
                    aria-label={t("phone.decline")}
                    onClick={props.onDecline}
                  >
                    <PhoneOff size={26} strokeWidth={1.75} />
                  </button>
                  <span aria-hidden="true">{t("phone.decline")}</span>
                </span>
                <span className={styles.action}>
                  <button type="button" className={styles.call} aria-label={t("phone.accept")} onClick={props.onAccept}>
                    <Phone size={26} strokeWidth={1.75} />
                  </button>
                  <span aria-hidden="true">{t("phone.accept")}</span>
                </span>
              </>
            ) : busy ? (
              <>
                <span className={styles.action}>
                  <button
                    type="button"
                    aria-pressed={view.muted}
                    aria-label={t(view.muted ? "phone.muted" : "phone.mute")}
                    disabled={!talking}
                    onClick={() => props.onMute(!view.muted)}
                  >
                    {view.muted ? <MicOff size={26} strokeWidth={1.75} /> : <Mic size={26} strokeWidth={1.75} />}
                  </button>
                  <span aria-hidden="true">{t(view.muted ? "phone.muted" : "phone.mute")}</span>
                </span>
                <span className={styles.action}>
                  <button
                    type="button"
                    className={styles.hangUp}
                    aria-label={t("phone.hang_up")}
                    onClick={props.onHangUp}
                  >
                    <PhoneOff size={26} strokeWidth={1.75} />
                  </button>
                  <span aria-hidden="true">{t("phone.hang_up")}</span>
                </span>
              </>
            ) : (
              <span className={styles.action}>
                <button
                  type="button"
                  className={styles.call}
                  aria-label={t("phone.call")}
                  disabled={!props.ready}
                  onClick={props.onCall}
                >
                  <Phone size={26} strokeWidth={1.75} />
                </button>
                <span aria-hidden="true">{t("phone.call")}</span>
              </span>
            )}
          </div>
        </div>
      </div>
    </section>
  );
}
