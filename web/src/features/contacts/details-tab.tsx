/** What we know of a contact, changed here; and the way to forget him. */
import "@mantine/core/styles/Pill.css";
import "@mantine/core/styles/PillsInput.css";
import { Button, Select, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import form from "../../components/form.module.css";
import { SaveBar } from "../../components/save-bar";
import { useTime } from "../../components/time";
import type { AutomationState, Contact } from "../../lib/api-types";
import { useDraft } from "../../lib/draft";
import { meQuery } from "../../lib/session";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { contacts } from "./api";
import styles from "./contact-page.module.css";
import { contactName } from "./names";

const AUTOMATION: AutomationState[] = ["none", "ai", "flow", "blocked"];

function Known({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function DetailsTab({ contact }: { contact: Contact }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const time = useTime();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const can = useQuery(meQuery).data?.can;
  const [removing, setRemoving] = useState(false);
  const saved = useMemo(
    () => ({
      name: contact.name ?? "",
      owner_id: contact.owner?.id ?? null,
      branch_id: contact.branch_id,
      tags: contact.tags,
      lead_reference: contact.lead_reference ?? "",
      automation_state: contact.automation_state,
    }),
    [contact],
  );
  const draft = useDraft(saved);
  const { values, set } = draft;
  const name = contactName(contact) ?? t("contacts.nameless");
  // Only those who administer may read the list of people.
  const users =
    useQuery({ queryKey: ["users"], queryFn: contacts.users, enabled: can?.administer === true }).data?.items ?? [];
  const branches = useQuery({ queryKey: ["branches"], queryFn: contacts.branches }).data?.items ?? [];
  const save = useMutation({
    mutationFn: () => {
      const { name: called, lead_reference, ...rest } = draft.changes;
      const text = (value: string | undefined) => (value?.trim() === "" ? null : value?.trim());
      return contacts.change(contact.id, {
        ...rest,
        ...(called === undefined ? {} : { name: text(called) }),
        ...(lead_reference === undefined ? {} : { lead_reference: text(lead_reference) }),
      });
    },
    onSuccess: (now) => {
      queries.setQueryData(["contact", contact.id], now);
      for (const key of ["contacts", "eligibility"]) void queries.invalidateQueries({ queryKey: [key] });
      draft.discard();
      toast({ message: t("contact.saved") });
    },
  });
  return (
    <>
      <SaveBar count={draft.count} saving={save.isPending} onSave={() => save.mutate()} onDiscard={draft.discard} />
      {save.isError && (
        <p className={form.trouble} role="alert">
          {words(save.error)}
        </p>
      )}
      <div className={form.group}>
        <TextInput
          label={t("contacts.name")}
          description={t("contact.name_hint")}
          value={values.name}
          maxLength={100}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        {can?.administer === true && (
          <Select
            label={t("contact.owner")}
            searchable
            data={[
              { value: "", label: t("contact.nobody") },
              ...users.map((user) => ({ value: user.id, label: user.name })),
            ]}
            value={values.owner_id ?? ""}
            allowDeselect={false}
            onChange={(value) => set({ owner_id: value === "" ? null : value })}
          />
        )}
        {can?.supervise === true && branches.length > 0 && (
          <Select
            label={t("number.branch")}
            description={t("contact.branch_hint")}
            data={[
              { value: "", label: t("number.no_branch") },
              ...branches.map((branch) => ({ value: branch.id, label: branch.name })),
            ]}
            value={values.branch_id ?? ""}
            allowDeselect={false}
            onChange={(value) => set({ branch_id: value === "" ? null : value })}
          />
        )}
        <TagsInput
          label={t("contacts.tags")}
          description={t("contacts.tags_hint")}
          value={values.tags}
          maxTags={20}
          onChange={(tags) => set({ tags })}
        />
        <TextInput
          label={t("contacts.lead_reference")}
          description={t("contacts.lead_reference_hint")}
          value={values.lead_reference}
          maxLength={200}
          onChange={(event) => set({ lead_reference: event.currentTarget.value })}
        />
        {can?.supervise === true && (
          <Select
            label={t("contact.automation")}
            description={t(`contact.automation_${values.automation_state}_hint`)}
            data={AUTOMATION.map((each) => ({ value: each, label: t(`contact.automation_${each}`) }))}
            value={values.automation_state}
            allowDeselect={false}
            onChange={(value) => set({ automation_state: AUTOMATION.find((each) => each === value) ?? "none" })}
          />
        )}
      </div>
      <div className={form.group}>
        <dl className={styles.known}>
          <Known label={t("contacts.phone")}>
            <span className="figures">{contact.phone_display ?? contact.phone ?? "—"}</span>
          </Known>
          <Known label={t("contact.user_id")}>
            <span className="mono">{contact.user_id ?? "—"}</span>
          </Known>
          <Known label={t("contact.since")}>{time(contact.created_at)}</Known>
          <Known label={t("contact.last_message")}>
            {contact.last_message_at === null ? "—" : time(contact.last_message_at)}
          </Known>
          <Known label={t("contact.last_call")}>
            {contact.last_call_at === null ? "—" : time(contact.last_call_at)}
          </Known>
        </dl>
      </div>
      {can?.supervise === true && (
        <div className={form.group}>
          <div>
            <Button variant="default" onClick={() => setRemoving(true)}>
              {t("contact.remove")}
            </Button>
          </div>
        </div>
      )}
      {removing && (
        <ConfirmDialog
          title={t("contact.remove_title", { name })}
          action={t("contact.remove")}
          run={async () => {
            await contacts.remove(contact.id);
            void queries.invalidateQueries({ queryKey: ["contacts"] });
            toast({ message: t("contact.removed", { name }) });
            void navigate({ to: "/contacts" });
          }}
          onClose={() => setRemoving(false)}
        >
          <p>{t("contact.remove_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
