/** Writing to a contact: a text while the window is open; outside of it, why not, and what may be sent instead. */
import { ActionIcon, Button, Menu, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Send } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { useLeft } from "../../components/left";
import { NO_TEMPLATE, TemplateFields, templateOf, templateReady } from "../../components/template-fields";
import type { Contact, PhoneNumber } from "../../lib/api-types";
import { useNow } from "../../lib/clock";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { contacts, type NewMessage } from "./api";
import { contactName, windowOpen } from "./names";
import styles from "./thread.module.css";

const MAX_TEXT = 4096;

function useSend(contact: Contact, onSent: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (message: NewMessage) => contacts.send(contact.id, message),
    onSuccess: () => {
      for (const key of ["messages", "contact", "eligibility"]) void queries.invalidateQueries({ queryKey: [key] });
      onSent();
    },
  });
}

export function TemplateDialog(props: { contact: Contact; number: PhoneNumber; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const { contact, number } = props;
  const [choice, setChoice] = useState(NO_TEMPLATE);
  const [checked, setChecked] = useState(false);
  const templates = useQuery({ queryKey: ["templates", number.id], queryFn: () => contacts.templates(number.id) });
  // What asks for permission is sent from the wallet, which counts it.
  const items = (templates.data?.items ?? []).filter((template) => !template.asks_permission);
  const send = useSend(contact, () => {
    toast({ message: t("thread.sent") });
    props.onClose();
  });
  const ready = templateReady(choice, items);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    const template = templateOf(choice, items);
    if (!ready || template === undefined) return;
    send.mutate({
      number_id: number.id,
      template: { name: template.name, language: template.language, parameters: choice.parameters },
    });
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("thread.template_title")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={form.fields} onSubmit={submit} noValidate>
        <TemplateFields query={templates} templates={items} value={choice} onChange={setChoice} />
        {checked && !ready && (
          <p className={form.trouble} role="alert">
            {t("template.incomplete")}
          </p>
        )}
        <FormFoot sent={send} action={t("thread.send")} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

/** A message with a button: pressing it calls us, and the payload comes with the call. */
function CallMeDialog(props: { contact: Contact; number: PhoneNumber; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const [text, setText] = useState("");
  const [button, setButton] = useState(t("thread.button_default"));
  const [payload, setPayload] = useState("");
  const [checked, setChecked] = useState(false);
  const send = useSend(props.contact, () => {
    toast({ message: t("thread.sent") });
    props.onClose();
  });
  const missing = (value: string) => (checked && value.trim() === "" ? common("welcome.missing") : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (text.trim() === "" || button.trim() === "") return;
    send.mutate({
      number_id: props.number.id,
      kind: "voice_call",
      text: text.trim(),
      button: button.trim(),
      ...(payload.trim() === "" ? {} : { payload: payload.trim() }),
    });
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("thread.button_title")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={form.fields} onSubmit={submit} noValidate>
        <Textarea
          label={t("thread.button_text")}
          autosize
          minRows={2}
          maxRows={6}
          maxLength={1024}
          value={text}
          error={missing(text)}
          data-autofocus
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <TextInput
          label={t("thread.button_label")}
          description={t("thread.button_label_hint")}
          maxLength={20}
          value={button}
          error={missing(button)}
          onChange={(event) => setButton(event.currentTarget.value)}
        />
        <TextInput
          label={t("thread.payload")}
          description={t("thread.payload_hint")}
          maxLength={512}
          value={payload}
          onChange={(event) => setPayload(event.currentTarget.value)}
        />
        <FormFoot sent={send} action={t("thread.send")} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

function Field(props: { contact: Contact; number: PhoneNumber; onTemplate: () => void; onButton: () => void }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const { contact, number } = props;
  const [text, setText] = useState("");
  const send = useSend(contact, () => setText(""));
  const left = useLeft();
  const now = useNow() + phone.getState().offsetMs;
  const name = contactName(contact) ?? t("contacts.nameless");
  const submit = () => {
    if (text.trim() !== "" && !send.isPending) send.mutate({ number_id: number.id, text: text.trim() });
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {send.isError && (
        <p className={form.trouble} role="alert">
          {words(send.error)}
        </p>
      )}
      <div className={styles.field}>
        <Textarea
          aria-label={t("thread.write_to", { name })}
          placeholder={t("thread.write_to", { name })}
          autosize
          minRows={1}
          maxRows={8}
          maxLength={MAX_TEXT}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            // Enter sends, as in every messenger; a line break has Shift.
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        {contact.window_until !== null && (
          <span className={styles.window}>{t("contact.window_closes", { left: left(contact.window_until, now) })}</span>
        )}
        <Menu position="top-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={t("thread.more_kinds")}>
              <Plus size={18} strokeWidth={1.75} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={props.onButton}>{t("thread.send_button")}</Menu.Item>
            <Menu.Item onClick={props.onTemplate}>{t("thread.send_template")}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <ActionIcon type="submit" size={36} aria-label={t("thread.send")} loading={send.isPending}>
          <Send size={18} strokeWidth={1.75} color="var(--on-enamel)" />
        </ActionIcon>
      </div>
    </form>
  );
}

export function Composer({ contact, number }: { contact: Contact; number: PhoneNumber | undefined }) {
  const { t } = useTranslation("office");
  const now = useNow() + phone.getState().offsetMs;
  const [dialog, setDialog] = useState<"template" | "button" | null>(null);
  if (number === undefined) return null;
  const open = windowOpen(contact, now);
  return (
    <>
      {open ? (
        <Field
          contact={contact}
          number={number}
          onTemplate={() => setDialog("template")}
          onButton={() => setDialog("button")}
        />
      ) : (
        <div className={styles.composer}>
          <div className={styles.closed} data-testid="window-closed">
            <span>{t(contact.window_until === null ? "thread.never_open" : "thread.closed")}</span>
            <Button variant="default" onClick={() => setDialog("template")}>
              {t("thread.send_template")}
            </Button>
          </div>
        </div>
      )}
      {dialog === "template" && <TemplateDialog contact={contact} number={number} onClose={() => setDialog(null)} />}
      {dialog === "button" && <CallMeDialog contact={contact} number={number} onClose={() => setDialog(null)} />}
    </>
  );
}
