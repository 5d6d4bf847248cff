/** A new password with the link of the letter. */
import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { ApiError } from "../../lib/api";
import { SHORTEST_PASSWORD } from "../../lib/password";
import { useTrouble } from "../../lib/trouble";
import styles from "./account.module.css";
import { account } from "./api";
import { Door } from "./door";

export function ResetPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const { token } = useParams({ from: "/reset/$token" });
  const [password, setPassword] = useState("");
  const [checked, setChecked] = useState(false);
  const save = useMutation({ mutationFn: () => account.reset(token, password) });
  const short = [...password].length < SHORTEST_PASSWORD;
  const gone = save.error instanceof ApiError && [404, 410].includes(save.error.status);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!short) save.mutate();
  };
  if (save.isSuccess || gone) {
    return (
      <Door title={t("reset.title")}>
        <div className={styles.form}>
          <CordState
            kind={gone ? "filtered" : "empty"}
            heading="h1"
            title={t(gone ? "reset.gone_title" : "reset.done_title")}
            actions={
              gone ? <Link to="/forgot">{t("forgot.again")}</Link> : <Link to="/login">{common("login.title")}</Link>
            }
          >
            {t(gone ? "reset.gone" : "reset.done")}
          </CordState>
        </div>
      </Door>
    );
  }
  return (
    <Door title={t("reset.title")}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <h1 className={styles.title}>{t("reset.title")}</h1>
        <p className="dim">{t("reset.explain")}</p>
        <PasswordInput
          label={t("password.new")}
          description={common("welcome.password_hint")}
          autoComplete="new-password"
          size="md"
          value={password}
          error={checked && short ? common("welcome.short_password") : undefined}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": common("login.show_password") }}
        />
        {save.isError && (
          <p className={styles.trouble} role="alert">
            {words(save.error)}
          </p>
        )}
        <Button type="submit" size="md" fullWidth loading={save.isPending}>
          {t("reset.save")}
        </Button>
      </form>
    </Door>
  );
}
