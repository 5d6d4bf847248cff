import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { ApiError } from "../../lib/api";
import { SHORTEST_PASSWORD } from "../../lib/password";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { changePassword } from "./api";

export function PasswordPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [checked, setChecked] = useState(false);
  const save = useMutation({
    mutationFn: () => changePassword(old, fresh),
    onSuccess: () => {
      setOld("");
      setFresh("");
      setChecked(false);
      toast({ message: t("password.changed") });
    },
  });
  const short = checked && [...fresh].length < SHORTEST_PASSWORD;
  const wrong = save.error instanceof ApiError && [401, 403].includes(save.error.status);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (old !== "" && [...fresh].length >= SHORTEST_PASSWORD) save.mutate();
  };
  const toggle = { "aria-label": common("login.show_password") };
  return (
    <>
      <PageHead title={t("password.title")}>{t("password.explain")}</PageHead>
      <form className={styles.group} onSubmit={submit} noValidate>
        <PasswordInput
          label={t("password.old")}
          autoComplete="current-password"
          value={old}
          error={checked && old === "" ? common("welcome.missing") : wrong ? t("password.wrong") : undefined}
          onChange={(event) => setOld(event.currentTarget.value)}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t("password.new")}
          description={common("welcome.password_hint")}
          autoComplete="new-password"
          value={fresh}
          error={short ? common("welcome.short_password") : undefined}
          onChange={(event) => setFresh(event.currentTarget.value)}
          visibilityToggleButtonProps={toggle}
        />
        {save.isError && !wrong && (
          <p className={styles.trouble} role="alert">
            {words(save.error)}
          </p>
        )}
        <div>
          <Button type="submit" loading={save.isPending}>
            {t("password.change")}
          </Button>
        </div>
      </form>
    </>
  );
}
