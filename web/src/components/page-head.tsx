/** The first row of a page: its title, one line of explanation, actions. The title takes the focus after a change of route. */
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { setPageTitle } from "../lib/page-title";
import { isTyping } from "../lib/shortcuts";
import styles from "./page-head.module.css";

export function PageHead(props: { title: string; children?: ReactNode; actions?: ReactNode; before?: ReactNode }) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    setPageTitle(t("title.page", { page: props.title }));
  }, [props.title, t]);
  useEffect(() => {
    // A person who is typing, or who is at the phone, keeps the focus.
    const active = document.activeElement;
    if (isTyping(active) || active?.closest('[data-surface="ebonite"]')) return;
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header className={styles.head}>
      {props.before}
      <div className={styles.words}>
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.children !== undefined && <div className={styles.explain}>{props.children}</div>}
      </div>
      {props.actions !== undefined && <div className={styles.actions}>{props.actions}</div>}
    </header>
  );
}
