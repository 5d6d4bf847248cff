import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import styles from "./settings.module.css";

const SECTIONS = [
  { to: "/settings/devices", word: "settings.devices" },
  { to: "/settings/appearance", word: "settings.appearance" },
  { to: "/settings/shortcuts", word: "settings.shortcuts" },
] as const;

export function SettingsLayout() {
  const { t } = useTranslation();
  return (
    <div className={styles.layout}>
      <nav className={styles.sections} aria-label={t("settings.title")}>
        <p className={styles.heading}>{t("settings.title")}</p>
        <ul>
          {SECTIONS.map(({ to, word }) => (
            <li key={to}>
              <Link to={to} className={styles.section} activeProps={{ "aria-current": "page" }}>
                {t(word)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className={styles.form}>
        <Outlet />
      </div>
    </div>
  );
}
