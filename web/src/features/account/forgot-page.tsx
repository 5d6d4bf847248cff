/** Asks for a letter with a link. The answer is the same whether the address is known or not. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTrouble } from "../../lib/trouble";
import styles from "./account.module.css";
import { account } from "./api";
import { Door } from "./door";

export function ForgotPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const [email, setEmail] = useState("");
  const [checked, setChecked] = useState(false);
  const ask = useMutation({ mutationFn: () => account.forgot(email.trim()) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (email.trim() !== "") ask.mutate();
  };
  return (
    <Door title={t("forgot.title")}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <h1 className={styles.title}>{t("forgot.title")}</h1>
        <p className="dim">{t("forgot.explain")}</p>
        {ask.isSuccess ? (
          <p className={styles.notice} role="status">
            {t("forgot.sent", { email: email.trim() })}
          </p>
        ) : (
          <>
            <TextInput
              label={common("login.email")}
              type="email"
              autoComplete="username"
              size="md"
              value={email}
              error={checked && email.trim() === "" ? common("welcome.missing") : undefined}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            {ask.isError && (
              <p className={styles.trouble} role="alert">
                {words(ask.error)}
              </p>
            )}
            <Button type="submit" size="md" fullWidth loading={ask.isPending}>
              {t("forgot.send")}
            </Button>
          </>
        )}
        <p>
          <Link to="/login">{t("forgot.back")}</Link>
        </p>
      </form>
    </Door>
  );
}
