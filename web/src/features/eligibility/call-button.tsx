/**
 * The one Call button. Green when we may call; otherwise it says how many reasons there are and opens them. It is never disabled:
 * whoever may not call learns why.
 */
import { Button, Modal } from "@mantine/core";
import { ChevronDown, ChevronUp, Phone, PhoneOff } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { EligibilityReason } from "../../lib/api-types";
import type { Who } from "./api";
import styles from "./eligibility.module.css";
import type { RemedyName } from "./reasons";
import { ReasonsPanel } from "./reasons-panel";
import { useEligibility } from "./use-eligibility";
import { usePlaceCall } from "./use-place-call";
import { useSentence } from "./use-sentence";

export interface CallButtonProps {
  who: Who;
  /** The number to call from; the server chooses when none is said. */
  number?: string | undefined;
  otherNumbers?: boolean;
  onRemedy: (remedy: RemedyName, reason: EligibilityReason) => void;
  hintOf?: (reason: EligibilityReason) => ReactNode;
}

/** As on the cards of incoming calls. */
const GUARD_MS = 400;

/** Turned green a moment ago: a click that comes now was meant for the reasons that stood there. */
function useTurned(allowed: boolean | undefined): boolean {
  const [turned, setTurned] = useState(false);
  const before = useRef(allowed);
  useLayoutEffect(() => {
    const turns = before.current === false && allowed === true;
    before.current = allowed;
    setTurned(turns);
    if (!turns) return undefined;
    const timer = setTimeout(() => setTurned(false), GUARD_MS);
    return () => clearTimeout(timer);
  }, [allowed]);
  return turned;
}

/** For a page that has room for the reasons: it places the panel itself. */
export function useCallButton(props: CallButtonProps) {
  const { t } = useTranslation("office");
  const [open, setOpen] = useState(false);
  const panelId = useId();
  const query = useEligibility(props.who, props.number);
  const call = usePlaceCall(props.who, props.number, () => setOpen(true));
  const verdict = query.data;
  const place = (override: Parameters<typeof call.mutate>[0]["override"]) =>
    verdict !== undefined && call.mutate({ from: verdict.number.id, override });
  const turned = useTurned(verdict?.allowed);
  const Arrow = open ? ChevronUp : ChevronDown;

  let button: ReactNode;
  if (verdict?.allowed === true) {
    button = (
      <Button
        className={styles.call}
        leftSection={<Phone size={18} strokeWidth={1.75} aria-hidden="true" />}
        loading={call.isPending}
        aria-disabled={turned || undefined}
        onClick={() => !turned && place(null)}
        data-testid="call"
      >
        {t("elig.call")}
      </Button>
    );
  } else {
    const words =
      verdict !== undefined
        ? t("elig.blocked", { count: verdict.reasons.length })
        : t(query.isError ? "elig.unknown" : "elig.checking");
    button = (
      <Button
        className={styles.blocked}
        variant="default"
        leftSection={<PhoneOff size={18} strokeWidth={1.75} aria-hidden="true" />}
        rightSection={verdict !== undefined && <Arrow size={16} strokeWidth={1.75} aria-hidden="true" />}
        aria-expanded={verdict === undefined ? undefined : open}
        aria-controls={open ? panelId : undefined}
        onClick={() => (verdict === undefined ? void query.refetch() : setOpen(!open))}
        data-testid="call-blocked"
      >
        {words}
      </Button>
    );
  }
  const warned = verdict?.allowed === true ? verdict.warnings : [];
  const sentence = useSentence();
  return {
    verdict,
    button,
    open: open && verdict !== undefined && !verdict.allowed,
    show: () => setOpen(true),
    close: () => setOpen(false),
    /** A warning alone leaves the button green and adds one line. */
    warning: warned.length > 0 && <p className={styles.warning}>{warned.map(sentence).join(" ")}</p>,
    panel: verdict !== undefined && (
      <ReasonsPanel
        id={panelId}
        verdict={verdict}
        otherNumbers={props.otherNumbers === true}
        calling={call.isPending}
        onRemedy={props.onRemedy}
        onCall={place}
        {...(props.hintOf === undefined ? {} : { hintOf: props.hintOf })}
      />
    ),
  };
}

/** For a place without room: the reasons come in a dialog. */
export function CallButton(props: CallButtonProps) {
  const { t } = useTranslation();
  const { t: office } = useTranslation("office");
  const call = useCallButton({
    ...props,
    onRemedy: (remedy, reason) => {
      call.close();
      props.onRemedy(remedy, reason);
    },
  });
  return (
    <>
      {call.button}
      {call.warning}
      {call.open && (
        <Modal
          opened
          onClose={call.close}
          size="lg"
          title={office("elig.dialog")}
          closeButtonProps={{ "aria-label": t("app.close") }}
        >
          {call.panel}
        </Modal>
      )}
    </>
  );
}
