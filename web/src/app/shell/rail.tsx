/** The pages: a rail with jacks on wide windows, tabs at the bottom on phones. */
import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Phone, SlidersHorizontal } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Logo } from "../../components/logo";
import styles from "./rail.module.css";

const PAGES = [
  { to: "/calls", word: "nav.calls", Icon: Phone },
  { to: "/settings", word: "nav.settings", Icon: SlidersHorizontal },
] as const;

export function Brand() {
  return (
    <Link to="/calls" className={styles.brand} aria-label="Switchboard">
      <Logo size={26} />
      <span>Switchboard</span>
    </Link>
  );
}

function Jack() {
  return (
    <svg className={styles.jack} width="24" height="16" viewBox="0 0 24 16" aria-hidden="true">
      <path className={styles.cord} d="M16 8h8" />
      <circle cx="12" cy="8" r="3.6" />
    </svg>
  );
}

export function Rail() {
  const { t } = useTranslation();
  return (
    <div>
      <div className={styles.home}>
        <Brand />
      </div>
      <ul className={styles.pages}>
        {PAGES.map(({ to, word, Icon }) => (
          <li key={to}>
            <Tooltip label={t(word)} position="right" openDelay={300}>
              <Link to={to} className={styles.page} activeProps={{ "aria-current": "page" }}>
                <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
                <span className={styles.word}>{t(word)}</span>
                <Jack />
              </Link>
            </Tooltip>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Tabs() {
  const { t } = useTranslation();
  return (
    <ul className={styles.tabs}>
      {PAGES.map(({ to, word, Icon }) => (
        <li key={to}>
          <Link to={to} className={styles.tab} activeProps={{ "aria-current": "page" }}>
            <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
            {t(word)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
