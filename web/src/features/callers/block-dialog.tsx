/** Blocks a caller: from the list with a number typed in, from a call with the caller it came from. */
import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { api } from "../../lib/api";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { blocked } from "./api";
import { LENGTHS, type Length, untilOf } from "./length";

export interface KnownCaller {
  name: string;
  /** The call it came from: the server knows the number, which I may not see in full. */
  callId: string;
}

export function BlockDialog(props: { caller: KnownCaller | null; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const words = useTrouble();
  const queries = useQueryClient();
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers }).data?.items ?? [];
  const [phone, setPhone] = useState("");
  const [reason, setReason] = useState("");
  const [length, setLength] = useState<Length>("forever");
  const [number, setNumber] = useState("");
  const [checked, setChecked] = useState(false);
  const block = useMutation({
    mutationFn: () =>
      blocked.add({
        ...(props.caller === null ? { phone: phone.trim() } : { call_id: props.caller.callId }),
        reason: reason.trim(),
        until: untilOf(length, Date.now()),
        number_id: number === "" ? null : number,
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["blocked-callers"] });
      toast({ message: t("blocked.added") });
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (reason.trim() === "" || (props.caller === null && phone.trim() === "")) return;
    block.mutate();
  };
  const missing = (value: string) => (checked && value.trim() === "" ? common("welcome.missing") : undefined);
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.caller === null ? t("blocked.add") : t("blocked.title_named", { name: props.caller.name })}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={styles.fields} onSubmit={submit} noValidate>
        <p className={styles.cost}>{t("blocked.cost")}</p>
        {props.caller === null && (
          <TextInput
            label={t("blocked.phone")}
            description={t("blocked.phone_hint")}
            type="tel"
            value={phone}
            error={missing(phone)}
            data-autofocus
            onChange={(event) => setPhone(event.currentTarget.value)}
          />
        )}
        <TextInput
          label={t("blocked.reason")}
          description={t("blocked.reason_hint")}
          value={reason}
          error={missing(reason)}
          maxLength={500}
          data-autofocus={props.caller !== null || undefined}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Select
          label={t("blocked.until")}
          data={LENGTHS.map((each) => ({ value: each, label: t(`blocked.for_${each}`) }))}
          value={length}
          allowDeselect={false}
          onChange={(value) => setLength(LENGTHS.find((each) => each === value) ?? "forever")}
        />
        {numbers.length > 1 && (
          <Select
            label={t("relays.number")}
            data={[
              { value: "", label: t("relays.all_numbers") },
              ...numbers.map((each) => ({ value: each.id, label: `${each.name}, ${each.display_phone}` })),
            ]}
            value={number}
            allowDeselect={false}
            onChange={(value) => setNumber(value ?? "")}
          />
        )}
        {block.isError && (
          <p className={styles.trouble} role="alert">
            {words(block.error)}
          </p>
        )}
        <div className={styles.buttons}>
          <Button variant="default" onClick={props.onClose}>
            {common("app.cancel")}
          </Button>
          <Button type="submit" className={styles.destructive} loading={block.isPending}>
            {t("blocked.block")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
