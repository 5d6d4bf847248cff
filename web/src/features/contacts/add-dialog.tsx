import { Modal, TagsInput, TextInput } from "@mantine/core";
import "@mantine/core/styles/Pill.css";
import "@mantine/core/styles/PillsInput.css";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { contacts } from "./api";

export function AddDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [phone, setPhone] = useState("");
  const [name, setName] = useState("");
  const [tags, setTags] = useState<string[]>([]);
  const [reference, setReference] = useState("");
  const [checked, setChecked] = useState(false);
  const add = useMutation({
    mutationFn: () =>
      contacts.add({
        phone: phone.trim(),
        ...(name.trim() === "" ? {} : { name: name.trim() }),
        ...(tags.length === 0 ? {} : { tags }),
        ...(reference.trim() === "" ? {} : { lead_reference: reference.trim() }),
      }),
    onSuccess: (contact) => {
      void queries.invalidateQueries({ queryKey: ["contacts"] });
      onClose();
      void navigate({ to: "/contacts/$id", params: { id: contact.id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (phone.trim() !== "") add.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={t("contacts.add")} closeButtonProps={{ "aria-label": common("app.close") }}>
      <form className={styles.fields} onSubmit={submit} noValidate>
        <TextInput
          label={t("contacts.phone")}
          description={t("blocked.phone_hint")}
          type="tel"
          value={phone}
          error={checked && phone.trim() === "" ? common("welcome.missing") : undefined}
          data-autofocus
          onChange={(event) => setPhone(event.currentTarget.value)}
        />
        <TextInput
          label={t("contacts.name")}
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TagsInput
          label={t("contacts.tags")}
          description={t("contacts.tags_hint")}
          value={tags}
          maxTags={20}
          onChange={setTags}
        />
        <TextInput
          label={t("contacts.lead_reference")}
          description={t("contacts.lead_reference_hint")}
          value={reference}
          maxLength={200}
          onChange={(event) => setReference(event.currentTarget.value)}
        />
        <FormFoot sent={add} action={t("contacts.add")} onClose={onClose} />
      </form>
    </Modal>
  );
}
