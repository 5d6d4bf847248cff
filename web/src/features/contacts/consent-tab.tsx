/** What the customer agreed to, each with its evidence; and the switch that wins over all of it. */
import { Button, Modal, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, Check, History, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import form from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { QueryTrouble, RowsSkeleton } from "../../components/query-view";
import { useMoment, useTime } from "../../components/time";
import type { Contact } from "../../lib/api-types";
import { meQuery } from "../../lib/session";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { type Consent, type ConsentKind, contacts } from "./api";
import styles from "./consent.module.css";
import { contactName } from "./names";

/** What people write down; the rest is found in what the customer wrote. */
const RECORDED: ConsentKind[] = ["opt_in", "call_request", "offer_accepted", "offer_declined", "opt_out"];

function useChanged(contact: Contact): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: ["consents", contact.id] });
    for (const key of ["contact", "contacts", "eligibility"]) void queries.invalidateQueries({ queryKey: [key] });
  };
}

export function ConsentDialog(props: { contact: Contact; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const changed = useChanged(props.contact);
  const [kind, setKind] = useState<ConsentKind>("opt_in");
  const [evidence, setEvidence] = useState("");
  const [until, setUntil] = useState("");
  const [checked, setChecked] = useState(false);
  const record = useMutation({
    mutationFn: () =>
      contacts.record(props.contact.id, {
        kind,
        evidence_text: evidence.trim(),
        ...(until === "" ? {} : { valid_until: new Date(`${until}T23:59:59`).toISOString() }),
      }),
    onSuccess: () => {
      changed();
      toast({ message: t("consent.recorded") });
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (evidence.trim() !== "") record.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("consent.record")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={form.fields} onSubmit={submit} noValidate>
        <Select
          label={t("consent.kind")}
          description={t(`consent.hint_${kind}`)}
          data={RECORDED.map((each) => ({ value: each, label: t(`consent.kind_${each}`) }))}
          value={kind}
          allowDeselect={false}
          onChange={(value) => setKind(RECORDED.find((each) => each === value) ?? "opt_in")}
        />
        <Textarea
          label={t("consent.evidence")}
          description={t("consent.evidence_hint")}
          autosize
          minRows={2}
          maxRows={6}
          maxLength={2000}
          value={evidence}
          error={checked && evidence.trim() === "" ? common("welcome.missing") : undefined}
          data-autofocus
          onChange={(event) => setEvidence(event.currentTarget.value)}
        />
        {kind === "opt_in" && (
          <TextInput
            label={t("consent.until")}
            description={t("consent.until_hint")}
            type="date"
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        )}
        <FormFoot sent={record} action={t("consent.record")} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

function NeverDialog(props: { contact: Contact; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const changed = useChanged(props.contact);
  const [reason, setReason] = useState("");
  const [checked, setChecked] = useState(false);
  const name = contactName(props.contact) ?? t("contacts.nameless");
  const record = useMutation({
    mutationFn: () => contacts.record(props.contact.id, { kind: "do_not_call", evidence_text: reason.trim() }),
    onSuccess: () => {
      changed();
      toast({ message: t("consent.never_on", { name }) });
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (reason.trim() !== "") record.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("consent.never_title", { name })}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={form.fields} onSubmit={submit} noValidate>
        <p className={form.cost}>{t("consent.never_cost")}</p>
        <TextInput
          label={t("consent.evidence")}
          description={t("consent.never_evidence")}
          maxLength={2000}
          value={reason}
          error={checked && reason.trim() === "" ? common("welcome.missing") : undefined}
          data-autofocus
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <FormFoot sent={record} action={t("contacts.do_not_call")} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

function Valid({ consent }: { consent: Consent }) {
  const { t } = useTranslation("office");
  const moment = useMoment();
  const now = Date.now() + phone.getState().offsetMs;
  if (consent.revoked_at !== null) {
    return (
      <span className={styles.valid}>
        <History size={15} strokeWidth={1.75} aria-hidden="true" />
        {t("consent.withdrawn", { time: moment(consent.revoked_at) })}
      </span>
    );
  }
  if (["opt_out", "do_not_call", "offer_declined"].includes(consent.kind)) {
    return (
      <span className={styles.valid} data-tone="bad">
        <Ban size={15} strokeWidth={1.75} aria-hidden="true" />
        {t("consent.wins")}
      </span>
    );
  }
  if (consent.valid_until === null) return <span>—</span>;
  const over = Date.parse(consent.valid_until) <= now;
  const Icon = over ? History : Check;
  return (
    <span className={styles.valid} data-tone={over ? undefined : "ok"}>
      <Icon size={15} strokeWidth={1.75} aria-hidden="true" />
      {t(over ? "consent.ended" : "consent.valid_until", { time: moment(consent.valid_until) })}
    </span>
  );
}

export function ConsentTab({ contact }: { contact: Contact }) {
  const { t } = useTranslation("office");
  const time = useTime();
  const changed = useChanged(contact);
  const [dialog, setDialog] = useState<"record" | "never" | null>(null);
  const supervise = useQuery(meQuery).data?.can.supervise === true;
  const [withdrawing, setWithdrawing] = useState<Consent | null>(null);
  const query = useQuery({
    queryKey: ["consents", contact.id],
    queryFn: () => contacts.consents(contact.id),
    staleTime: 0,
  });
  const items = query.data?.items ?? [];
  const never = items.find((each) => each.kind === "do_not_call" && each.revoked_at === null);
  const kindWords = (kind: ConsentKind) => t(`consent.kind_${kind}`);
  return (
    <>
      <div className={styles.never} data-on={contact.do_not_call || undefined}>
        <Switch
          label={t("contacts.do_not_call")}
          description={t(contact.do_not_call && !supervise ? "consent.never_supervisor" : "consent.never_hint")}
          disabled={contact.do_not_call && !supervise}
          checked={contact.do_not_call}
          onChange={() => (contact.do_not_call && never !== undefined ? setWithdrawing(never) : setDialog("never"))}
        />
      </div>
      <div className={styles.head}>
        <h2>{t("consent.title")}</h2>
        <Button
          variant="default"
          leftSection={<Plus size={16} strokeWidth={1.75} aria-hidden="true" />}
          onClick={() => setDialog("record")}
        >
          {t("consent.record")}
        </Button>
      </div>
      {query.isPending ? (
        <RowsSkeleton />
      ) : query.data === undefined ? (
        <QueryTrouble error={query.error} again={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <CordState kind="empty" title={t("consent.empty_title")}>
          {t("consent.empty")}
        </CordState>
      ) : (
        <DataTable
          caption={t("consent.title")}
          rows={items}
          keyOf={(consent) => consent.id}
          dimmed={(consent) => consent.revoked_at !== null}
          columns={[
            {
              key: "evidence",
              head: t("consent.kind"),
              cell: (consent) => (
                <Named name={kindWords(consent.kind)}>
                  {consent.evidence_text !== null && consent.evidence_text !== ""
                    ? `“${consent.evidence_text}”`
                    : undefined}
                </Named>
              ),
            },
            {
              key: "by",
              head: t("consent.by"),
              cell: (consent) =>
                consent.source === "message"
                  ? t("consent.by_message")
                  : consent.source === "import"
                    ? t("consent.by_import", { name: consent.recorded_by.name })
                    : consent.recorded_by.name,
            },
            { key: "at", head: t("consent.given"), cell: (consent) => time(consent.at) },
            { key: "valid", head: t("consent.valid"), cell: (consent) => <Valid consent={consent} /> },
            {
              key: "actions",
              head: t("people.actions"),
              kind: "actions",
              cell: (consent) =>
                supervise &&
                consent.revoked_at === null && (
                  <Button
                    variant="subtle"
                    size="compact-sm"
                    aria-label={t("consent.withdraw_named", { kind: kindWords(consent.kind) })}
                    onClick={() => setWithdrawing(consent)}
                  >
                    {t("consent.withdraw")}
                  </Button>
                ),
            },
          ]}
        />
      )}
      {dialog === "record" && <ConsentDialog contact={contact} onClose={() => setDialog(null)} />}
      {dialog === "never" && <NeverDialog contact={contact} onClose={() => setDialog(null)} />}
      {withdrawing !== null && (
        <ConfirmDialog
          title={t("consent.withdraw_title", { kind: kindWords(withdrawing.kind) })}
          action={t("consent.withdraw")}
          run={() => contacts.withdraw(withdrawing.id).then(changed)}
          onClose={() => setWithdrawing(null)}
        >
          {withdrawing.evidence_text !== null && <p>“{withdrawing.evidence_text}”</p>}
          <p>{t("consent.withdraw_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
