/** Somebody was invited and makes the account: name, language, password. */
import { Button, PasswordInput, Select, Skeleton, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { CordState } from "../../components/cord-state";
import { ApiError } from "../../lib/api";
import type { Language } from "../../lib/api-types";
import { changeLanguage, currentLanguage, LANGUAGES } from "../../lib/i18n";
import { SHORTEST_PASSWORD } from "../../lib/password";
import { meQuery } from "../../lib/session";
import { unlock } from "../../lib/softphone/sounds";
import { useTrouble } from "../../lib/trouble";
import styles from "./account.module.css";
import { account, type Invited } from "./api";
import { Door } from "./door";

function Gone({ error }: { error: unknown }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const gone = error instanceof ApiError && (error.status === 404 || error.status === 410);
  return (
    <div className={styles.form}>
      <CordState
        kind={gone ? "filtered" : "error"}
        heading="h1"
        title={t(gone ? "invite.gone_title" : "invite.broken_title")}
        actions={<Link to="/login">{common("login.title")}</Link>}
      >
        {gone ? t("invite.gone") : words(error)}
      </CordState>
    </div>
  );
}

function Form({ token, invited }: { token: string; invited: Invited }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const navigate = useNavigate();
  const router = useRouter();
  const queries = useQueryClient();
  const [name, setName] = useState(invited.name);
  const [password, setPassword] = useState("");
  const [language, setLanguage] = useState<Language>(invited.language);
  const [checked, setChecked] = useState(false);
  useEffect(() => {
    // The one who invites knows the language better than the browser does; it can be changed here.
    if (invited.language !== currentLanguage()) void changeLanguage(invited.language);
  }, [invited.language]);
  const accept = useMutation({
    mutationFn: () => account.accept({ token, name: name.trim(), password, language }),
    onSuccess: async (me) => {
      queries.setQueryData(meQuery.queryKey, me);
      await router.invalidate();
      await navigate({ to: "/calls", search: {}, replace: true });
    },
  });
  const short = [...password].length < SHORTEST_PASSWORD;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // This click is the one that lets the page ring later.
    void unlock();
    setChecked(true);
    if (name.trim() !== "" && !short) accept.mutate();
  };
  if (accept.error instanceof ApiError && [404, 410].includes(accept.error.status))
    return <Gone error={accept.error} />;
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <h1 className={styles.title}>{t("invite.title", { tenant: invited.tenant })}</h1>
      <p className="dim">{t("invite.explain", { email: invited.email })}</p>
      {/* Password managers want to know whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={invited.email} readOnly />
      <TextInput
        label={common("welcome.name")}
        description={common("welcome.name_hint")}
        autoComplete="name"
        size="md"
        value={name}
        error={checked && name.trim() === "" ? common("welcome.missing") : undefined}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={common("user.language")}
        size="md"
        data={LANGUAGES.map((each) => ({ value: each.code, label: each.name }))}
        value={language}
        allowDeselect={false}
        onChange={(value) => {
          const chosen = LANGUAGES.find(({ code }) => code === value)?.code ?? language;
          setLanguage(chosen);
          void changeLanguage(chosen);
        }}
      />
      <PasswordInput
        label={common("login.password")}
        description={common("welcome.password_hint")}
        autoComplete="new-password"
        size="md"
        value={password}
        error={checked && short ? common("welcome.short_password") : undefined}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": common("login.show_password") }}
      />
      {accept.isError && (
        <p className={styles.trouble} role="alert">
          {words(accept.error)}
        </p>
      )}
      <Button type="submit" size="md" fullWidth loading={accept.isPending}>
        {t("invite.accept")}
      </Button>
    </form>
  );
}

export function InvitePage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const { token } = useParams({ from: "/invite/$token" });
  const query = useQuery({ queryKey: ["invitation", token], queryFn: () => account.invitation(token), retry: false });
  return (
    <Door title={t("invite.page")}>
      {query.isPending ? (
        <div className={styles.form} role="status" aria-label={common("app.loading")}>
          <Skeleton height={34} />
          <Skeleton height={200} />
        </div>
      ) : query.data === undefined ? (
        <Gone error={query.error} />
      ) : (
        <Form token={token} invited={query.data} />
      )}
    </Door>
  );
}
