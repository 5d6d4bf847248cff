/** A lamp: the shape tells the state, the word beside it says it, the colour comes last. */
import { useTranslation } from "react-i18next";
import type { AgentState, Status } from "../lib/api-types";
import styles from "./line-lamp.module.css";

export type LampState = Status | "bar" | "empty" | "dashed" | "triangle";

const TONE: Record<LampState, string> = {
  offered: "offered",
  ringing: "warn",
  answered: "ok",
  ended: "quiet",
  missed: "bad",
  rejected: "quiet",
  failed: "bad",
  bar: "quiet",
  empty: "quiet",
  dashed: "offered",
  triangle: "warn",
};

function Shape({ state }: { state: LampState }) {
  switch (state) {
    case "offered":
    case "dashed":
      return <circle cx="8" cy="8" r="5.6" strokeDasharray="3.2 2.66" />;
    case "ringing":
      return (
        <>
          <circle className={styles.halo} cx="8" cy="8" r="7" strokeWidth="1" opacity="0.65" />
          <circle cx="8" cy="8" r="4.3" />
          <circle cx="8" cy="8" r="1.6" fill="currentColor" stroke="none" />
        </>
      );
    case "answered":
      return <circle cx="8" cy="8" r="5.6" fill="currentColor" stroke="currentColor" strokeWidth="1" />;
    case "ended":
      return (
        <>
          <circle cx="8" cy="8" r="5.6" />
          <circle cx="8" cy="8" r="1.5" fill="currentColor" stroke="none" />
        </>
      );
    case "missed":
      return (
        <>
          <circle cx="8" cy="8" r="5.6" />
          <path d="M4.2 11.8 11.8 4.2" />
        </>
      );
    case "rejected":
    case "bar":
      return (
        <>
          <circle cx="8" cy="8" r="5.6" />
          <path d="M5.4 8h5.2" />
        </>
      );
    case "failed":
    case "triangle":
      return (
        <>
          <path d="M8 2.2 14.4 13.4H1.6z" strokeLinejoin="round" />
          <path d="M8 6.4v3.2M8 11.4v.4" />
        </>
      );
    case "empty":
      return <circle cx="8" cy="8" r="5" />;
  }
}

export function LineLamp({ state, size = 14 }: { state: LampState; size?: number }) {
  return (
    <svg
      className={styles.lamp}
      data-tone={TONE[state]}
      data-breathes={state === "ringing" || undefined}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <Shape state={state} />
    </svg>
  );
}

export function CallState({ status }: { status: Status }) {
  const { t } = useTranslation();
  return (
    <span className={styles.state} data-tone={TONE[status]}>
      <LineLamp state={status} />
      {t(`status.${status}`)}
    </span>
  );
}

export function agentLamp(state: AgentState): LampState {
  switch (state) {
    case "available":
    case "busy":
      return "answered";
    case "ringing":
      return "ringing";
    case "do_not_disturb":
      return "bar";
    case "offline":
      return "empty";
    case "not_ready":
      return "triangle";
  }
}
