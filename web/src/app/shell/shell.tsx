/** The frame of every page behind the sign-in: rail, top bar, sheet, and the phone, which no change of page touches. */
import { Outlet } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Cradle } from "../../features/softphone/cradle";
import { CardsSlot, HandsetSlot, useDock } from "../../features/softphone/dock";
import { PhoneBanners, ResumeBar } from "../../features/softphone/phone-banners";
import { PhoneEffects } from "../../features/softphone/phone-effects";
import type { Me } from "../../lib/api-types";
import { withOffice } from "../../lib/i18n";
import { useServer } from "../../lib/session";
import { phone } from "../../lib/softphone/phone";
import { DrainBanner } from "./drain-banner";
import { LampStrip } from "./lamp-strip";
import { Brand, Rail, Tabs } from "./rail";
import styles from "./shell.module.css";
import { UserMenu } from "./user-menu";

/** A dialog brings a lot of code with it that no first page needs. */
const ShortcutsDialog = lazy(() =>
  withOffice(import("./shortcuts-dialog")).then((module) => ({ default: module.ShortcutsDialog })),
);

/** What needs somebody comes after the first page, with its texts. */
const Bell = lazy(() => withOffice(import("../../features/alerts/bell")).then((module) => ({ default: module.Bell })));
const AlertsBanner = lazy(() =>
  withOffice(import("../../features/alerts/alerts-banner")).then((module) => ({ default: module.AlertsBanner })),
);

function SandboxBar() {
  const { t } = useTranslation();
  const server = useServer();
  if (server.data?.sandbox !== true) return null;
  const url = server.data.phone_page_url;
  return (
    <p className={styles.sandbox} data-testid="sandbox">
      <FlaskConical size={15} strokeWidth={1.75} aria-hidden="true" />
      <strong>SANDBOX</strong>
      <span>{t("app.simulated")}</span>
      {url !== null && (
        <a href={url} target="_blank" rel="noreferrer">
          {t("app.open_phone")}
        </a>
      )}
    </p>
  );
}

export function Shell({ me }: { me: Me }) {
  const { t } = useTranslation();
  const dock = useDock();
  const [shortcuts, setShortcuts] = useState(false);
  useEffect(() => {
    phone.start(me.ice_servers);
    return () => phone.stop();
  }, [me.ice_servers]);
  return (
    <div className={styles.shell} data-handset={dock.open || undefined} data-minimised={dock.minimised || undefined}>
      <a className={styles.skip} href="#content">
        {t("app.skip_content")}
      </a>
      <a className={styles.skip} href="#phone">
        {t("app.skip_phone")}
      </a>
      <div className={styles.bars}>
        <SandboxBar />
        <ResumeBar />
      </div>
      <header className={styles.top}>
        <Brand />
        <div className={styles.gap} />
        <LampStrip />
        {me.can.supervise && (
          <div className={styles.bell}>
            <Suspense>
              <Bell />
            </Suspense>
          </div>
        )}
        <div className={styles.cradle}>{!dock.open && <Cradle inCall={dock.minimised} onOpen={dock.show} />}</div>
        <div className={styles.userTop}>
          <UserMenu me={me} compact />
        </div>
      </header>
      <nav className={styles.rail} aria-label={t("app.rail")}>
        <Rail />
        <UserMenu me={me} />
      </nav>
      <div className={styles.banners}>
        <PhoneBanners />
        <DrainBanner />
        {me.can.administer && (
          <Suspense>
            <AlertsBanner />
          </Suspense>
        )}
      </div>
      <main className={styles.sheet} id="content" tabIndex={-1}>
        <Outlet />
      </main>
      <aside className={styles.phone} aria-label={t("app.phone")}>
        <div className={styles.cards} id="phone" tabIndex={-1}>
          <CardsSlot dock={dock} />
        </div>
        <div className={styles.handset}>
          <HandsetSlot dock={dock} />
        </div>
      </aside>
      <nav className={styles.tabs} aria-label={t("app.rail")}>
        <Tabs />
      </nav>
      <PhoneEffects onShortcuts={() => setShortcuts(true)} onOpen={dock.show} />
      {shortcuts && (
        <Suspense>
          <ShortcutsDialog opened onClose={() => setShortcuts(false)} />
        </Suspense>
      )}
    </div>
  );
}
