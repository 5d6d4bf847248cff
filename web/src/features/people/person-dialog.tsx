import { Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { useDraft } from "../../lib/draft";
import { toast } from "../../lib/toast";
import { AccessFields } from "./access-fields";
import { type Branch, people, type User } from "./api";

export function PersonDialog(props: {
  user: User;
  /** Nobody takes his own role away by accident. */
  self: boolean;
  branches: Branch[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const draft = useDraft(props.user);
  const { name, branch_ids } = draft.values;
  const save = useMutation({
    mutationFn: () => people.changeUser(props.user.id, draft.changes),
    onSuccess: () => {
      toast({ message: t("people.saved_toast", { name: draft.values.name }) });
      props.onDone();
      props.onClose();
    },
  });
  const trouble =
    name.trim() === "" ? common("welcome.missing") : branch_ids?.length === 0 ? t("people.no_branch") : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (trouble !== null) return;
    if (draft.count === 0) props.onClose();
    else save.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("people.edit_title", { name: props.user.name })}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={styles.fields} onSubmit={submit} noValidate>
        <TextInput
          label={t("people.name")}
          value={name}
          error={name.trim() === "" ? trouble : undefined}
          data-autofocus
          onChange={(event) => draft.set({ name: event.currentTarget.value })}
        />
        <AccessFields value={draft.values} onChange={draft.set} branches={props.branches} fixedRole={props.self} />
        {trouble !== null && name.trim() !== "" && <p className={styles.trouble}>{trouble}</p>}
        <FormFoot sent={save} onClose={props.onClose} />
      </form>
    </Modal>
  );
}
