/** Calls a number somebody types: the number, the line to call from, and the Call button with all its reasons. */
import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { usePhone } from "../../lib/softphone/use-phone";
import { becomeAvailable } from "./become-available";
import { useCallButton } from "./call-button";
import styles from "./eligibility.module.css";
import type { RemedyName } from "./reasons";

/** As the server reads numbers: 5 to 20 digits, whatever stands between them. */
export function digitsOf(text: string): string | null {
  if (!/^[\d\s()+./-]*$/.test(text)) return null;
  const digits = text.replace(/\D/g, "");
  return digits.length >= 5 && digits.length <= 20 ? digits : null;
}

interface DialogProps {
  onClose: () => void;
  /** A remedy is on a page of the number. */
  onNumber: (number: string, section: string) => void;
  /** A remedy is on the customer's page. */
  onContacts: (phone: string) => void;
}

function Verdict(
  props: DialogProps & { phone: string; number: string | undefined; otherNumbers: boolean; onOther: () => void },
) {
  const { number } = props;
  const toNumber = (section: string) => {
    if (number === undefined) return;
    props.onClose();
    props.onNumber(number, section);
  };
  const toCustomer = () => {
    props.onClose();
    props.onContacts(props.phone);
  };
  const remedies: Record<RemedyName, () => void> = {
    request_permission: toCustomer,
    send_message: toCustomer,
    record_consent: toCustomer,
    take_over: toCustomer,
    remove_opt_out: toCustomer,
    lift_suspension: () => toNumber("limits"),
    raise_limit: () => toNumber("limits"),
    open_hours: () => toNumber("hours"),
    switch_on_calling: () => toNumber("calling"),
    become_available: becomeAvailable,
    use_other_number: props.onOther,
  };
  const call = useCallButton({
    who: { phone: props.phone },
    number,
    otherNumbers: props.otherNumbers,
    onRemedy: (remedy) => remedies[remedy](),
  });
  return (
    <>
      <div className={styles.dialled}>{call.button}</div>
      {call.warning}
      {call.open && call.panel}
    </>
  );
}

export function CallDialog(props: DialogProps) {
  const { t } = useTranslation("office");
  const { t: app } = useTranslation();
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers }).data?.items ?? [];
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const number = chosen ?? numbers[0]?.id;
  const mine = usePhone((state) => state.myCall !== null);
  const { onClose } = props;
  useEffect(() => {
    // The phone has it from here on.
    if (mine) onClose();
  }, [mine, onClose]);
  const check = (event: FormEvent) => {
    event.preventDefault();
    const digits = digitsOf(typed);
    setWrong(digits === null);
    setAsked(digits === null ? null : `+${digits}`);
  };
  const next = () => {
    const at = numbers.findIndex((each) => each.id === number);
    setChosen(numbers[(at + 1) % numbers.length]?.id ?? null);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("dial.title")}
      closeButtonProps={{ "aria-label": app("app.close") }}
    >
      <form className={styles.dial} onSubmit={check}>
        <TextInput
          type="tel"
          inputMode="tel"
          autoComplete="off"
          data-autofocus
          label={t("dial.phone")}
          description={t("dial.phone_hint")}
          error={wrong ? t("dial.not_a_number") : null}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setAsked(null);
            setWrong(false);
          }}
          data-testid="dial-phone"
        />
        {numbers.length > 1 && (
          <Select
            label={t("dial.number")}
            data={numbers.map((each) => ({ value: each.id, label: `${each.name}, ${each.display_phone}` }))}
            value={number ?? null}
            allowDeselect={false}
            onChange={setChosen}
          />
        )}
        {asked === null && (
          <Button type="submit" data-testid="dial-check">
            {t("dial.check")}
          </Button>
        )}
      </form>
      {asked !== null && (
        <Verdict {...props} phone={asked} number={number} otherNumbers={numbers.length > 1} onOther={next} />
      )}
    </Modal>
  );
}
