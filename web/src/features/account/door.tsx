/** The frame of the pages before the sign-in: the exchange beside a form. */
import type { ReactNode } from "react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { setPageTitle } from "../../lib/page-title";
import { useServer } from "../../lib/session";
import styles from "./account.module.css";
import { Exchange } from "./exchange";
import { Footer } from "./footer";

export function Door({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const server = useServer();
  useEffect(() => setPageTitle(t("title.page", { page: title })), [t, title]);
  return (
    <div className={styles.split}>
      <Exchange />
      <main className={styles.side}>
        {children}
        <Footer version={server.data?.version} />
      </main>
    </div>
  );
}
