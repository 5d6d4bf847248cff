/** Days with what happened on each: bubbles for messages, lines for calls and permissions. The newest stands at the bottom. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import {
  Check,
  CheckCheck,
  Clock,
  Phone,
  PhoneIncoming,
  PhoneMissed,
  PhoneOutgoing,
  ShieldCheck,
  ShieldQuestionMark,
  ShieldX,
  TriangleAlert,
} from "lucide-react";
import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { CallState } from "../../components/line-lamp";
import type { Call, Message, WalletEntry } from "../../lib/api-types";
import { clockTime, duration, exactTime, sameDay } from "../../lib/format";
import { currentLocale, useServerWords } from "../../lib/i18n";
import type { Day, Entry } from "./thread";
import styles from "./thread.module.css";

function Time({ at }: { at: number }) {
  const iso = new Date(at).toISOString();
  const locale = currentLocale();
  return (
    <time dateTime={iso} title={exactTime(iso, locale)} className={styles.time}>
      {clockTime(iso, locale)}
    </time>
  );
}

function CallLine({ call, at }: { call: Call; at: number }) {
  const { t } = useTranslation("office");
  const Icon = call.status === "missed" ? PhoneMissed : call.direction === "incoming" ? PhoneIncoming : PhoneOutgoing;
  return (
    <div className={styles.call}>
      <span className={styles.callIcon} data-live={call.status === "answered" || undefined}>
        <Icon size={17} strokeWidth={1.75} aria-hidden="true" />
      </span>
      <div className={styles.callWords}>
        <Link to="/calls/$id" params={{ id: call.id }} className={styles.callName}>
          {t(`thread.call_${call.direction}`)}
          {call.talk_seconds !== null && <span className="figures">, {duration(call.talk_seconds)}</span>}
        </Link>
        <span className={styles.callState}>
          <CallState status={call.status} />
          {call.answered_by !== null && <span className="dim">{call.answered_by.name}</span>}
          <span className="dim">{call.number.name}</span>
        </span>
      </div>
      <Time at={at} />
    </div>
  );
}

const STATUS_ICONS: Partial<Record<string, typeof Check>> = {
  pending: Clock,
  unclear: Clock,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  played: CheckCheck,
  failed: TriangleAlert,
};

function Bubble({ message, at, name }: { message: Message; at: number; name: string }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const ours = message.direction === "outgoing";
  const kind = words(`thread.kind_${message.kind}`);
  const Icon = STATUS_ICONS[message.status];
  const status = words(`thread.status_${message.status}`) ?? message.status;
  return (
    <div className={styles.bubble} data-ours={ours || undefined} data-failed={message.status === "failed" || undefined}>
      <span className="sr-only">{ours ? t("thread.we_wrote") : t("thread.they_wrote", { name })} </span>
      {message.kind !== "text" && <p className={styles.kind}>{kind ?? message.kind}</p>}
      {message.text !== null && message.text !== "" && <p className={styles.text}>{message.text}</p>}
      {message.error !== null && (
        <p className={styles.failed}>
          {t("thread.refused", { message: message.error.message })}{" "}
          <span className={styles.code}>{message.error.code}</span>
        </p>
      )}
      <span className={styles.foot}>
        {message.sent_by !== null && <span className={styles.by}>{message.sent_by.name}</span>}
        <Time at={at} />
        {ours && Icon !== undefined && (
          <span data-read={message.status === "read" || undefined} title={status} role="img" aria-label={status}>
            <Icon size={14} strokeWidth={1.75} aria-hidden="true" />
          </span>
        )}
      </span>
    </div>
  );
}

function permissionIcon(event: string) {
  if (/granted/.test(event)) return { Icon: ShieldCheck, tone: "ok" };
  if (/denied|refused|revoked|expired|failed/.test(event)) return { Icon: ShieldX, tone: "bad" };
  if (/call|connected/.test(event)) return { Icon: Phone, tone: "quiet" };
  return { Icon: ShieldQuestionMark, tone: "quiet" };
}

function PermissionLine({ entry, at }: { entry: WalletEntry; at: number }) {
  const words = useServerWords("office");
  const { Icon, tone } = permissionIcon(entry.event);
  return (
    <div className={styles.line}>
      <span className={styles.lineIcon} data-tone={tone}>
        <Icon size={15} strokeWidth={1.75} aria-hidden="true" />
      </span>
      <span className={styles.lineWords}>
        {words(`wallet.event_${entry.event}`) ?? entry.event}
        {entry.source !== null && (
          <span className="dim"> {words(`wallet.source_${entry.source}`) ?? entry.source}</span>
        )}
      </span>
      <Time at={at} />
    </div>
  );
}

function One({ entry, name }: { entry: Entry; name: string }) {
  if (entry.kind === "call") return <CallLine call={entry.call} at={entry.at} />;
  if (entry.kind === "message") return <Bubble message={entry.message} at={entry.at} name={name} />;
  return <PermissionLine entry={entry.entry} at={entry.at} />;
}

function useDayWords(): (day: number) => string {
  const { t } = useTranslation();
  const locale = currentLocale();
  return (day) => {
    const date = new Date(day);
    const now = new Date();
    const yesterday = new Date(now);
    yesterday.setDate(now.getDate() - 1);
    if (sameDay(date, now)) return t("app.today");
    if (sameDay(date, yesterday)) return t("app.yesterday");
    const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
    return date.toLocaleDateString(locale, { day: "numeric", month: "long", ...year });
  };
}

export function ThreadView(props: {
  label: string;
  days: Day[];
  name: string;
  older: (() => void) | null;
  fetching: boolean;
}) {
  const { t } = useTranslation("office");
  const dayWords = useDayWords();
  const scroll = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const lastDay = props.days[props.days.length - 1];
  const newest = lastDay?.entries[lastDay.entries.length - 1]?.key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is shown to whoever was reading the end.
  useLayoutEffect(() => {
    if (atEnd.current && scroll.current !== null) scroll.current.scrollTop = scroll.current.scrollHeight;
  }, [newest]);
  return (
    <section
      ref={scroll}
      className={styles.thread}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a long story is scrolled by the keys, too.
      tabIndex={0}
      aria-label={props.label}
      onScroll={({ currentTarget }) => {
        atEnd.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < 40;
      }}
    >
      {props.older !== null && (
        <div className={styles.older}>
          <Button variant="default" size="compact-sm" loading={props.fetching} onClick={props.older}>
            {t("thread.older")}
          </Button>
        </div>
      )}
      {props.days.map(({ day, entries }) => (
        <section key={day} aria-label={dayWords(day)}>
          <h3 className={styles.day}>
            <span>{dayWords(day)}</span>
          </h3>
          <ol className={styles.entries}>
            {entries.map((entry) => (
              <li key={`${entry.kind} ${entry.key}`} data-ours={isOurs(entry) || undefined}>
                <One entry={entry} name={props.name} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </section>
  );
}

function isOurs(entry: Entry): boolean {
  return entry.kind === "message" && entry.message.direction === "outgoing";
}
