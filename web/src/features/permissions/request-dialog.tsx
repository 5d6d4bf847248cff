/** "May we call you?", as a message inside the window or as a template; says when the next question is possible. */
import { Modal, SegmentedControl, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { NO_TEMPLATE, TemplateFields, templateOf, templateReady } from "../../components/template-fields";
import { useMoment } from "../../components/time";
import { useNow } from "../../lib/clock";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { permissions, walletKey } from "./api";
import { mayAsk } from "./wallet";

export function RequestDialog(props: {
  contactId: string;
  name: string;
  number: { id: string; name: string };
  windowUntil: string | null;
  onClose: () => void;
}) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const moment = useMoment();
  const queries = useQueryClient();
  const now = useNow() + phone.getState().offsetMs;
  const open = props.windowUntil !== null && Date.parse(props.windowUntil) > now;
  const [way, setWay] = useState<"text" | "template">(open ? "text" : "template");
  const [text, setText] = useState("");
  const [choice, setChoice] = useState(NO_TEMPLATE);
  const [checked, setChecked] = useState(false);
  const templates = useQuery({
    queryKey: ["templates", props.number.id],
    queryFn: () => permissions.templates(props.number.id),
    enabled: way === "template",
  });
  const wallet = useQuery({
    queryKey: walletKey(props.contactId, props.number.id),
    queryFn: () => permissions.wallet(props.contactId, props.number.id),
  }).data;
  const verdict = wallet === undefined ? null : mayAsk(wallet, now);
  // Only those that carry the question; the others are messages.
  const items = (templates.data?.items ?? []).filter((template) => template.asks_permission);
  const send = useMutation({
    mutationFn: () => {
      const template = templateOf(choice, items);
      const words = text.trim();
      return permissions.ask({
        contact_id: props.contactId,
        number_id: props.number.id,
        ...(way === "template" && template !== undefined
          ? { template: { name: template.name, language: template.language, parameters: choice.parameters } }
          : words === ""
            ? {}
            : { text: words }),
      });
    },
    onSuccess: () => {
      for (const key of ["wallet", "eligibility", "messages", "contact", "contact-calls"]) {
        void queries.invalidateQueries({ queryKey: [key] });
      }
      toast({ message: t("ask.sent", { name: props.name }) });
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (way === "template" && !templateReady(choice, items)) return;
    send.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("ask.title", { name: props.name })}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={styles.fields} onSubmit={submit} noValidate>
        <p className={styles.cost}>{t("ask.explain", { line: props.number.name })}</p>
        {verdict?.kind === "later" && (
          <p className={styles.warned} role="status">
            {t("ask.later", { time: moment(verdict.at) })}
          </p>
        )}
        {verdict?.kind === "full" && <p className={styles.warned}>{t("wallet.ask_full")}</p>}
        {verdict?.kind === "needless" && <p className={styles.notice}>{t("wallet.ask_needless")}</p>}
        {open ? (
          <SegmentedControl
            aria-label={t("ask.way")}
            value={way}
            onChange={(value) => setWay(value === "template" ? "template" : "text")}
            data={[
              { value: "text", label: t("ask.way_text") },
              { value: "template", label: t("ask.way_template") },
            ]}
          />
        ) : (
          <p className={styles.hint}>{t("ask.window_closed")}</p>
        )}
        {way === "text" ? (
          <Textarea
            label={t("ask.text")}
            description={t("ask.text_hint")}
            autosize
            minRows={2}
            maxRows={6}
            maxLength={1024}
            value={text}
            data-autofocus
            onChange={(event) => setText(event.currentTarget.value)}
          />
        ) : (
          <TemplateFields query={templates} templates={items} value={choice} onChange={setChoice} />
        )}
        {checked && way === "template" && !templateReady(choice, items) && (
          <p className={styles.trouble} role="alert">
            {t("template.incomplete")}
          </p>
        )}
        <FormFoot sent={send} action={t("ask.send")} onClose={props.onClose} />
      </form>
    </Modal>
  );
}
