import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { Mic } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { InsecureBanner } from "../../components/insecure-banner";
import { ApiError, api } from "../../lib/api";
import { setPageTitle } from "../../lib/page-title";
import { meQuery, useServer } from "../../lib/session";
import { mediaSupported } from "../../lib/softphone/microphone";
import { unlock } from "../../lib/softphone/sounds";
import { useTrouble } from "../../lib/trouble";
import styles from "./account.module.css";
import { Exchange } from "./exchange";
import { Footer } from "./footer";

/** Only a path of this console: an address handed in from outside leads nowhere else. */
function safeTarget(to: string | undefined): string {
  return to?.startsWith("/") && !to.startsWith("//") && !to.startsWith("/\\") ? to : "/calls";
}

export function LoginPage() {
  const { t } = useTranslation();
  const { to, why } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const router = useRouter();
  const queries = useQueryClient();
  const server = useServer();
  const words = useTrouble();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => setPageTitle(t("title.page", { page: t("login.title") })), [t]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // This click is the one that lets the page ring later.
    void unlock();
    setBusy(true);
    setTrouble(null);
    try {
      queries.setQueryData(meQuery.queryKey, await api.login(email.trim(), password));
      await router.invalidate();
      await navigate({ to: safeTarget(to), replace: true });
    } catch (error) {
      setTrouble(error instanceof ApiError && error.status === 401 ? t("login.wrong") : words(error));
    } finally {
      setBusy(false);
    }
  };

  const said = why === "disabled" ? t("login.disabled") : why === "ended" ? t("login.ended") : null;
  return (
    <div className={styles.split}>
      <Exchange />
      <main className={styles.side}>
        <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
          <h1 className={styles.title}>{t("login.title")}</h1>
          <p className="dim">{server.data === undefined ? location.host : `${server.data.name}, ${location.host}`}</p>
          {!mediaSupported() && <InsecureBanner />}
          {said !== null && trouble === null && <p className={styles.notice}>{said}</p>}
          <TextInput
            label={t("login.email")}
            type="email"
            name="email"
            autoComplete="username"
            size="md"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label={t("login.password")}
            name="password"
            autoComplete="current-password"
            size="md"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
          />
          {trouble !== null && (
            <p className={styles.trouble} role="alert">
              {trouble}
            </p>
          )}
          <Button type="submit" size="md" fullWidth loading={busy}>
            {t("login.submit")}
          </Button>
          <p>
            <Link to="/forgot">{t("login.forgot")}</Link>
          </p>
          <p className={styles.hint}>
            <Mic size={18} strokeWidth={1.75} aria-hidden="true" />
            {t("login.microphone_hint")}
          </p>
        </form>
        <Footer version={server.data?.version} />
      </main>
    </div>
  );
}
