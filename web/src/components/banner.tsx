/** One line over the page: what is the matter, what it means, and the button that helps. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./banner.module.css";

export function Banner(props: {
  tone: "warn" | "bad" | "notice" | "ok";
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  action?: { label: string; run: () => void } | undefined;
  loud?: boolean;
}) {
  return (
    <div className={styles.banner} data-tone={props.tone} role={props.loud ? "alert" : "status"}>
      <span className={styles.icon}>{props.icon}</span>
      <p className={styles.text}>
        <strong>{props.title}</strong> {props.children}
      </p>
      {props.action !== undefined && (
        <Button size="xs" variant="default" onClick={props.action.run}>
          {props.action.label}
        </Button>
      )}
    </div>
  );
}
