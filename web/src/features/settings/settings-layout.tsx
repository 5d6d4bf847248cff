/** The inner column of the settings: mine, those of a supervisor, those of an admin. */
import { useQuery } from "@tanstack/react-query";
import { type LinkProps, Outlet, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Sections } from "../../components/sections";
import { meQuery } from "../../lib/session";
import styles from "./settings.module.css";

const MINE = [
  { to: "/settings/devices", word: "nav.devices" },
  { to: "/settings/appearance", word: "nav.appearance" },
  { to: "/settings/shortcuts", word: "nav.shortcuts" },
  { to: "/settings/password", word: "nav.password" },
] as const;

const SUPERVISE = [{ to: "/settings/blocked-callers", word: "nav.blocked" }] as const;

const ADMINISTER = [
  { to: "/settings/people", word: "nav.people" },
  { to: "/settings/branches", word: "nav.branches" },
  { to: "/settings/business", word: "nav.business" },
  { to: "/settings/api-keys", word: "nav.keys" },
  { to: "/settings/webhooks", word: "nav.webhooks" },
  { to: "/settings/deliveries", word: "nav.deliveries" },
  { to: "/settings/audit", word: "nav.audit" },
] as const;

export function SettingsLayout() {
  const { t } = useTranslation("office");
  const { pathname } = useLocation();
  const can = useQuery(meQuery).data?.can;
  const sections = (pages: typeof MINE | typeof SUPERVISE | typeof ADMINISTER) =>
    pages.map(({ to, word }) => ({ label: t(word), link: { to } satisfies LinkProps, current: pathname === to }));
  return (
    <Sections
      label={t("nav.settings")}
      head={<p className={styles.heading}>{t("nav.settings")}</p>}
      groups={[
        { heading: t("nav.mine"), sections: sections(MINE) },
        ...(can?.supervise === true ? [{ heading: t("nav.supervise"), sections: sections(SUPERVISE) }] : []),
        ...(can?.administer === true ? [{ heading: t("nav.administer"), sections: sections(ADMINISTER) }] : []),
      ]}
    >
      <Outlet />
    </Sections>
  );
}
