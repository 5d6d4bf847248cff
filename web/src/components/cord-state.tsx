/** What a page shows instead of content: a loose cord when empty, a dashed one when filtered away, a cut one when broken. */
import type { ReactNode } from "react";
import styles from "./cord-state.module.css";

export type CordKind = "empty" | "filtered" | "error";

function Cord({ kind }: { kind: CordKind }) {
  if (kind === "empty") {
    return (
      <g className={styles.enamel}>
        <path d="M14 14c2 26 34 40 62 16" />
        <circle cx="14" cy="12" r="4.6" strokeWidth="5" />
        <circle className={styles.faint} cx="110" cy="12" r="7" strokeWidth="3" />
      </g>
    );
  }
  if (kind === "filtered") {
    return (
      <g className={styles.quiet}>
        <path d="M14 14c10 40 86 40 96 0" strokeDasharray="5 6" />
        <circle cx="14" cy="12" r="4.6" strokeWidth="5" />
        <circle cx="110" cy="12" r="7" strokeWidth="3" />
      </g>
    );
  }
  return (
    <g className={styles.bad}>
      <path d="M14 14c2 18 18 26 36 22M110 14c-2 18-18 26-34 22" />
      <path d="m58 30 3 9M68 28l-3 9" strokeWidth="2.5" />
      <circle cx="14" cy="12" r="4.6" strokeWidth="5" />
      <circle cx="110" cy="12" r="7" strokeWidth="3" />
    </g>
  );
}

export function CordState(props: {
  kind: CordKind;
  title: string;
  heading?: "h1" | "h2";
  children?: ReactNode;
  actions?: ReactNode;
}) {
  const Heading = props.heading ?? "h2";
  return (
    <div className={styles.state} role={props.kind === "error" ? "alert" : undefined}>
      <svg
        width="124"
        height="52"
        viewBox="0 0 124 52"
        fill="none"
        strokeWidth="3.5"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <Cord kind={props.kind} />
      </svg>
      <Heading className={styles.title} tabIndex={Heading === "h1" ? -1 : undefined}>
        {props.title}
      </Heading>
      {props.children !== undefined && <div className={styles.text}>{props.children}</div>}
      {props.actions !== undefined && <div className={styles.actions}>{props.actions}</div>}
    </div>
  );
}
