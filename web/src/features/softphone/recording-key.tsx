/** Whether this call is kept: in words under the name, and as a key that pauses it. */
import { CircleDot, CirclePause } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CallRecording } from "../../lib/api-types";
import { phone } from "../../lib/softphone/phone";
import { recordingAction } from "../../lib/softphone/recording";
import { toast } from "../../lib/toast";
import styles from "./handset.module.css";

export function useRecord(): () => void {
  const { t } = useTranslation();
  return () => {
    phone.record().catch(() => toast({ color: "red", message: t("call.record_failed") }));
  };
}

const LINES = {
  announcing: "call.announcing",
  recording: "call.recording",
  paused: "call.recording_paused",
  failed: "call.recording_failed",
} as const;

/** What is recorded must be plain to whoever speaks; what is not needs no word. */
export function RecordingLine({ recording, name }: { recording: CallRecording | null; name: string }) {
  const { t } = useTranslation();
  const state = recording?.state ?? "off";
  const Icon = state === "paused" ? CirclePause : CircleDot;
  return (
    <p className={styles.recording} data-state={state} role="status" data-testid="recording-line">
      {state !== "off" && (
        <>
          <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
          {t(LINES[state], { name })}
        </>
      )}
    </p>
  );
}

const KEYS = { start: "call.record", pause: "call.record_pause", resume: "call.record_resume" } as const;

export function RecordingKey({ recording }: { recording: CallRecording | null }) {
  const { t } = useTranslation();
  const record = useRecord();
  const action = recordingAction(recording);
  if (recording === null || action === null || action === "stop") return null;
  const Icon = action === "pause" ? CirclePause : CircleDot;
  return (
    <button type="button" className={styles.key} aria-pressed={recording.state === "paused"} onClick={record}>
      <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
      {t(KEYS[action])}
    </button>
  );
}
