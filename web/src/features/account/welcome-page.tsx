import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Logo } from "../../components/logo";
import { ApiError, api } from "../../lib/api";
import { currentLanguage } from "../../lib/i18n";
import { setPageTitle } from "../../lib/page-title";
import { SHORTEST_PASSWORD } from "../../lib/password";
import { meQuery, serverQuery, useServer } from "../../lib/session";
import { unlock } from "../../lib/softphone/sounds";
import { useTrouble } from "../../lib/trouble";
import styles from "./account.module.css";
import { Footer } from "./footer";

function Step({ done, title, hint }: { done: boolean; title: string; hint: string }) {
  return (
    <li className={styles.step} aria-current={done ? "step" : undefined}>
      <svg width="20" height="20" viewBox="0 0 20 20" fill="none" aria-hidden="true">
        <circle
          cx="10"
          cy="10"
          r={done ? 6 : 8}
          stroke={done ? "var(--enamel)" : "var(--edge)"}
          strokeWidth={done ? 6 : 1.75}
        />
      </svg>
      <span>
        <strong>{title}</strong>
        <span className="dim">{hint}</span>
      </span>
    </li>
  );
}

export function WelcomePage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const search = useSearch({ from: "/welcome" });
  const navigate = useNavigate();
  const router = useRouter();
  const queries = useQueryClient();
  const server = useServer();
  const words = useTrouble();
  const [values, setValues] = useState({ code: search.code ?? "", name: "", email: "", password: "" });
  const [checked, setChecked] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => setPageTitle(common("title.page", { page: t("welcome.title") })), [t, common]);

  const missing = (name: keyof typeof values) =>
    checked && values[name].trim() === "" ? common("welcome.missing") : undefined;
  const short = checked && values.password.length < SHORTEST_PASSWORD ? common("welcome.short_password") : undefined;
  const field = (name: keyof typeof values) => ({
    name,
    size: "md" as const,
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setValues((before) => ({ ...before, [name]: value }));
    },
  });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // This click is the one that lets the page ring later.
    void unlock();
    setChecked(true);
    setTrouble(null);
    const empty = [values.code, values.name, values.email].some((value) => value.trim() === "");
    if (empty || values.password.length < SHORTEST_PASSWORD) return;
    setBusy(true);
    try {
      const me = await api.setup({
        code: values.code.trim(),
        name: values.name.trim(),
        email: values.email.trim(),
        password: values.password,
        language: currentLanguage(),
      });
      queries.setQueryData(meQuery.queryKey, me);
      await queries.invalidateQueries({ queryKey: serverQuery.queryKey });
      await router.invalidate();
      await navigate({ to: "/calls", search: {}, replace: true });
    } catch (error) {
      const status = error instanceof ApiError ? error.status : -1;
      setTrouble(status === 403 ? t("welcome.wrong_code") : status === 409 ? t("welcome.already") : words(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className={styles.welcome}>
      <header className={styles.steps}>
        <p className={styles.brand}>
          <Logo size={28} />
          Switchboard
        </p>
        <h2>{t("welcome.steps")}</h2>
        <ol>
          <Step done title={t("welcome.step_account")} hint={t("welcome.step_account_hint")} />
          <Step done={false} title={t("welcome.step_call")} hint={t("welcome.step_call_hint")} />
        </ol>
      </header>
      <main className={styles.sheet}>
        <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
          <h1 className={styles.title}>{t("welcome.title")}</h1>
          <p className="dim">{t("welcome.explain")}</p>
          <TextInput
            label={t("welcome.code")}
            description={t("welcome.code_hint")}
            autoComplete="off"
            error={missing("code")}
            {...field("code")}
          />
          <TextInput
            label={common("welcome.name")}
            description={common("welcome.name_hint")}
            autoComplete="name"
            error={missing("name")}
            {...field("name")}
          />
          <TextInput
            label={common("login.email")}
            type="email"
            autoComplete="username"
            error={missing("email")}
            {...field("email")}
          />
          <PasswordInput
            label={common("login.password")}
            description={common("welcome.password_hint")}
            autoComplete="new-password"
            error={short}
            visibilityToggleButtonProps={{ "aria-label": common("login.show_password") }}
            {...field("password")}
          />
          {trouble !== null && (
            <p className={styles.trouble} role="alert">
              {trouble}
            </p>
          )}
          <Button type="submit" size="md" loading={busy}>
            {t("welcome.submit")}
          </Button>
        </form>
        <Footer version={server.data?.version} />
      </main>
    </div>
  );
}
