import { Modal, Select, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { currentLanguage, LANGUAGES } from "../../lib/i18n";
import { AccessFields } from "./access-fields";
import { type Branch, type NewInvitation, people } from "./api";
import { Handed } from "./handed-dialog";

export function InviteDialog(props: { branches: Branch[]; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const [checked, setChecked] = useState(false);
  const [values, setValues] = useState<NewInvitation>({
    name: "",
    email: "",
    role: "agent",
    branch_ids: null,
    language: currentLanguage(),
  });
  const set = (change: Partial<NewInvitation>) => setValues((before) => ({ ...before, ...change }));
  const invite = useMutation({ mutationFn: people.invite, onSuccess: props.onDone });
  const missing = (value: string) => (checked && value.trim() === "" ? common("welcome.missing") : undefined);
  const noBranch = checked && values.branch_ids?.length === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (values.name.trim() === "" || values.email.trim() === "" || values.branch_ids?.length === 0) return;
    invite.mutate({ ...values, name: values.name.trim(), email: values.email.trim() });
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(invite.isSuccess ? "people.invited_title" : "people.invite_title")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      {invite.isSuccess ? (
        <Handed kind="invite" name={values.name.trim()} {...invite.data} onClose={props.onClose} />
      ) : (
        <form className={styles.fields} onSubmit={submit} noValidate>
          <TextInput
            label={t("people.name")}
            value={values.name}
            error={missing(values.name)}
            autoComplete="off"
            data-autofocus
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <TextInput
            label={common("login.email")}
            type="email"
            value={values.email}
            error={missing(values.email)}
            autoComplete="off"
            onChange={(event) => set({ email: event.currentTarget.value })}
          />
          <AccessFields value={values} onChange={set} branches={props.branches} />
          {noBranch && (
            <p className={styles.trouble} role="alert">
              {t("people.no_branch")}
            </p>
          )}
          <Select
            label={common("user.language")}
            data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
            value={values.language}
            allowDeselect={false}
            onChange={(value) => set({ language: LANGUAGES.find(({ code }) => code === value)?.code ?? "en" })}
          />
          <FormFoot sent={invite} action={t("people.invite")} onClose={props.onClose} />
        </form>
      )}
    </Modal>
  );
}
