/** What the business and the customer wrote, with the things a customer can press. */
import { Check, CheckCheck, Phone, SendHorizontal } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { clockTime } from "../lib/format";
import { currentLocale } from "../lib/i18n";
import styles from "./messages.module.css";
import type { BusinessNumber, Message, PermissionAnswer } from "./simulator";

const REPLIES: Record<string, "phone.reply_temporary" | "phone.reply_permanent" | "phone.reply_decline"> = {
  temporary: "phone.reply_temporary",
  permanent: "phone.reply_permanent",
  decline: "phone.reply_decline",
};

function useText(): (message: Message) => string {
  const { t } = useTranslation("phone");
  return (message) => {
    if (message.kind === "permission_reply") {
      const reply = REPLIES[message.text];
      return reply === undefined ? message.text : t(reply);
    }
    if (message.kind === "call") {
      const ours = message.from === "customer";
      if (message.text === "answered") return t(ours ? "phone.call_answered_in" : "phone.call_answered_out");
      return t(ours ? "phone.call_missed_in" : "phone.call_missed_out");
    }
    if (message.kind === "system") {
      return t(message.text === "nudge" ? "phone.system_nudge" : "phone.system_revoked");
    }
    return message.text;
  };
}

function Request(props: { message: Message; name: string; onReply: (answer: PermissionAnswer) => void }) {
  const { t } = useTranslation("phone");
  const { message } = props;
  return (
    <div className={styles.request}>
      <strong>{t("phone.asks", { name: props.name })}</strong>
      {message.text !== "" && <p>{message.text}</p>}
      {message.open ? (
        <div className={styles.answers}>
          <button type="button" onClick={() => props.onReply("temporary")}>
            {t("phone.allow_week")}
          </button>
          <button type="button" onClick={() => props.onReply("permanent")}>
            {t("phone.allow_always")}
          </button>
          <button type="button" onClick={() => props.onReply("decline")}>
            {t("phone.decline")}
          </button>
        </div>
      ) : (
        <p className={styles.small}>{t("phone.asks_over")}</p>
      )}
    </div>
  );
}

function Bubble(props: {
  message: Message;
  name: string;
  busy: boolean;
  onReply: (request: string, answer: PermissionAnswer) => void;
  onPress: (message: string) => void;
}) {
  const { t } = useTranslation("phone");
  const text = useText();
  const { message } = props;
  const mine = message.from === "customer";
  const quiet = message.from === "system" || message.kind === "call" || message.kind === "permission_reply";
  const expired = message.button_until !== null && message.button_until * 1000 < Date.now();
  if (quiet) {
    return (
      <li className={styles.quiet} data-kind={message.kind}>
        {text(message)}
      </li>
    );
  }
  return (
    <li className={mine ? styles.mine : styles.theirs} data-kind={message.kind} data-status={message.status}>
      <span className="sr-only">{mine ? t("phone.from_me") : t("phone.from_business", { name: props.name })}</span>
      {message.kind === "call_permission_request" ? (
        <Request message={message} name={props.name} onReply={(answer) => props.onReply(message.id, answer)} />
      ) : (
        <p>{text(message)}</p>
      )}
      {message.button !== null && (
        <button
          type="button"
          className={styles.press}
          disabled={props.busy || expired}
          title={expired ? t("phone.button_over") : undefined}
          onClick={() => props.onPress(message.id)}
        >
          <Phone size={16} strokeWidth={1.75} aria-hidden="true" />
          {message.button}
        </button>
      )}
      <span className={styles.at}>
        {clockTime(new Date(message.at * 1000).toISOString(), currentLocale())}
        {mine && message.status === "read" && <CheckCheck size={14} aria-hidden="true" />}
        {mine && message.status !== "read" && <Check size={14} aria-hidden="true" />}
      </span>
    </li>
  );
}

export function Messages(props: {
  messages: Message[];
  number: BusinessNumber | undefined;
  busy: boolean;
  onWrite: (text: string) => void;
  onReply: (request: string, answer: PermissionAnswer) => void;
  onPress: (message: string) => void;
}) {
  const { t } = useTranslation("phone");
  const [text, setText] = useState("");
  const list = useRef<HTMLDivElement>(null);
  const name = props.number?.name ?? "";
  // A message that never arrived is not on the customer's phone.
  const arrived = props.messages.filter((message) => message.status !== "failed");
  const count = arrived.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message scrolls the list.
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count]);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    props.onWrite(text);
    setText("");
  };
  return (
    <div className={styles.chat}>
      <p className={styles.head}>{name}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard. */}
      <div ref={list} className={styles.list} role="log" aria-label={t("phone.conversation", { name })} tabIndex={0}>
        <ol>
          {count === 0 && <li className={styles.quiet}>{t("phone.no_messages")}</li>}
          {arrived.map((message) => (
            <Bubble
              key={message.id}
              message={message}
              name={name}
              busy={props.busy}
              onReply={props.onReply}
              onPress={props.onPress}
            />
          ))}
        </ol>
      </div>
      <form className={styles.write} onSubmit={send}>
        <input
          type="text"
          value={text}
          maxLength={4096}
          placeholder={t("phone.write")}
          aria-label={t("phone.write_to", { name })}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" aria-label={t("phone.send")} disabled={text.trim() === ""}>
          <SendHorizontal size={20} strokeWidth={1.75} />
        </button>
      </form>
    </div>
  );
}
