/** The pages: a rail with jacks on wide windows, tabs at the bottom on phones. */
import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookUser, Cable, Phone, SlidersHorizontal } from "lucide-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "../../components/logo";
import { meQuery } from "../../lib/session";
import styles from "./rail.module.css";

const CALLS = { to: "/calls", word: "nav.calls", Icon: Phone } as const;
const CONTACTS = { to: "/contacts", word: "nav.contacts", Icon: BookUser } as const;
const NUMBERS = { to: "/numbers", word: "nav.numbers", Icon: Cable } as const;
const SETTINGS = { to: "/settings", word: "nav.settings", Icon: SlidersHorizontal } as const;

type Page = typeof CALLS | typeof CONTACTS | typeof NUMBERS | typeof SETTINGS;

/** Roles only see what they may open. */
function useGroups(): { heading: "nav.administer" | null; pages: Page[] }[] {
  const can = useQuery(meQuery).data?.can;
  if (can?.administer !== true) return [{ heading: null, pages: [CALLS, CONTACTS, SETTINGS] }];
  return [
    { heading: null, pages: [CALLS, CONTACTS] },
    { heading: "nav.administer", pages: [NUMBERS, SETTINGS] },
  ];
}

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
      {useGroups().map(({ heading, pages }) => (
        <Fragment key={heading}>
          {heading !== null && <p className={styles.heading}>{t(heading)}</p>}
          <ul className={styles.pages}>
            {pages.map(({ to, word, Icon }) => (
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
        </Fragment>
      ))}
    </div>
  );
}

export function Tabs() {
  const { t } = useTranslation();
  return (
    <ul className={styles.tabs}>
      {useGroups()
        .flatMap((group) => group.pages)
        .map(({ to, word, Icon }) => (
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
