/** The black pill at the top right: it is always the phone, and says in a word what the phone is doing. */
import { BellOff, Maximize2, PhoneOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type LampState, LineLamp } from "../../components/line-lamp";
import { phone } from "../../lib/softphone/phone";
import { type Standing, standing } from "../../lib/softphone/standing";
import { isDialling, type PhoneState } from "../../lib/softphone/state";
import { usePhone } from "../../lib/softphone/use-phone";
import { useCaller } from "./caller";
import styles from "./cradle.module.css";
import { CallTimer, MuteKey, useEnd } from "./handset";

const LAMPS: Record<Standing, LampState> = {
  ready: "answered",
  opening: "dashed",
  dnd: "bar",
  not_ready_microphone: "triangle",
  not_ready_sound: "triangle",
  not_ready_line: "triangle",
  other_tab: "empty",
  offline: "triangle",
};

function MinimisedCall({ onOpen }: { onOpen: () => void }) {
  const { t } = useTranslation();
  const call = usePhone((state) => state.myCall);
  const end = useEnd();
  if (call === null) return null;
  return (
    <>
      <button type="button" className={styles.call} onClick={onOpen} aria-label={t("call.maximise")}>
        <LineLamp state={isDialling(call) ? (call.state === "ringing" ? "ringing" : "dashed") : "answered"} />
        <MinimisedName call={call} />
        <CallTimer call={call} />
        <Maximize2 size={15} strokeWidth={1.75} aria-hidden="true" />
      </button>
      <MuteKey small />
      <button type="button" className={styles.end} aria-label={t("call.end")} onClick={end}>
        <PhoneOff size={18} strokeWidth={1.75} aria-hidden="true" />
      </button>
    </>
  );
}

function MinimisedName({ call }: { call: NonNullable<PhoneState["myCall"]> }) {
  return <span className={styles.name}>{useCaller(call).name}</span>;
}

export function Cradle({ inCall, onOpen }: { inCall: boolean; onOpen: () => void }) {
  const { t } = useTranslation();
  const ringing = usePhone((state) => state.cards.filter((card) => card.phase === "ringing").length);
  const silenced = usePhone((state) => state.silenced);
  const word = usePhone(standing);
  if (inCall) {
    return (
      <div className={styles.cradle} data-surface="ebonite" data-call="true">
        <MinimisedCall onOpen={onOpen} />
      </div>
    );
  }
  if (ringing > 0 && word !== "other_tab") {
    return (
      <div className={styles.cradle} data-surface="ebonite">
        <LineLamp state="ringing" />
        <span>{t("cradle.ringing", { count: ringing })}</span>
        {!silenced && (
          <button type="button" className={styles.key} onClick={() => phone.silence()}>
            <BellOff size={15} strokeWidth={1.75} aria-hidden="true" />
            {t("cradle.silence")}
          </button>
        )}
      </div>
    );
  }
  return (
    <div className={styles.cradle} data-surface="ebonite" data-testid="cradle" data-standing={word}>
      <LineLamp state={LAMPS[word]} />
      <span>{t(`cradle.${word}`)}</span>
    </div>
  );
}
