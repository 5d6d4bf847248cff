/** Whether calls are kept, and how customers are told. */
import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/Radio.css";
import { Button, FileButton, Radio, Select, Switch } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Play, Square, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import styles from "../../components/form.module.css";
import type { Announcement, NumberSettings } from "../../lib/api-types";
import { duration } from "../../lib/format";
import { LANGUAGES } from "../../lib/i18n";
import { useTrouble } from "../../lib/trouble";
import { numbers } from "./api";
import type { SectionProps } from "./number-page";
import own from "./numbers.module.css";

const MODES = ["off", "on", "agent"] as const;
const CHOICES: Announcement[] = ["en", "es", "pt-BR", "own"];
const MAX_UPLOAD_BYTES = 2 * 1024 * 1024;

/** Plays the announcement as the customer hears it. */
function Listen({ number, choice }: { number: NumberSettings; choice: Announcement }) {
  const { t } = useTranslation("office");
  const sound = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const toggle = () => {
    if (playing) sound.current?.pause();
    else void sound.current?.play().catch(() => setPlaying(false));
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={
          playing ? (
            <Square size={16} strokeWidth={1.75} aria-hidden="true" />
          ) : (
            <Play size={16} strokeWidth={1.75} aria-hidden="true" />
          )
        }
        onClick={toggle}
      >
        {t(playing ? "number.listen_stop" : "number.listen")}
      </Button>
      {/* biome-ignore lint/a11y/useMediaCaption: the sentence is what the list beside it names. */}
      <audio
        ref={sound}
        preload="none"
        src={numbers.announcement(number.id, choice)}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
      />
    </>
  );
}

function OwnAnnouncement({ number }: { number: NumberSettings }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const [tooBig, setTooBig] = useState(false);
  const taken = (saved: NumberSettings) => queries.setQueryData(["number", number.id], saved);
  const upload = useMutation({ mutationFn: (file: File) => numbers.upload(number.id, file), onSuccess: taken });
  const take = (file: File | null) => {
    if (file === null) return;
    setTooBig(file.size > MAX_UPLOAD_BYTES);
    if (file.size <= MAX_UPLOAD_BYTES) upload.mutate(file);
  };
  return (
    <>
      <FileButton accept="audio/ogg,audio/wav,audio/x-wav,.ogg,.opus,.wav" onChange={take}>
        {(props) => (
          <Button
            {...props}
            variant="default"
            loading={upload.isPending}
            leftSection={<Upload size={16} strokeWidth={1.75} aria-hidden="true" />}
          >
            {t(number.own_announcement_ms === null ? "number.upload" : "number.upload_other")}
          </Button>
        )}
      </FileButton>
      <p className={styles.hint} role="status">
        {tooBig
          ? t("number.upload_too_big")
          : upload.isError
            ? words(upload.error)
            : upload.isSuccess
              ? t("number.uploaded")
              : number.own_announcement_ms === null
                ? t("number.upload_hint")
                : t("number.own_length", { length: duration(number.own_announcement_ms / 1000) })}
      </p>
    </>
  );
}

function Waiver({ number }: { number: NumberSettings }) {
  const { t } = useTranslation("office");
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const change = async (recording_waiver: boolean) => {
    const saved = await numbers.change(number.id, { recording_waiver, confirm: true });
    queries.setQueryData(["number", number.id], saved);
  };
  if (number.recording_waiver) {
    return (
      <div className={styles.warned}>
        <p>
          <strong>{t("number.waived_title")}</strong> {t("number.waived")}
        </p>
        <div>
          <Button variant="default" onClick={() => void change(false)}>
            {t("number.announce_again")}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <>
      <div>
        <Button variant="subtle" size="compact-sm" onClick={() => setAsking(true)}>
          {t("number.waive")}
        </Button>
      </div>
      {asking && (
        <ConfirmDialog
          title={t("number.waive_title", { name: number.name })}
          action={t("number.waive_action")}
          run={() => change(true)}
          onClose={() => setAsking(false)}
        >
          <p>{t("number.waive_cost")}</p>
          <p>{t("number.waive_audited")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

export function RecordingSection({ number, draft }: SectionProps) {
  const { t } = useTranslation("office");
  const { values, set } = draft;
  const word = (each: Announcement) =>
    each === "own" ? t("number.own") : (LANGUAGES.find(({ code }) => code === each)?.name ?? each);
  return (
    <>
      <div className={styles.group}>
        <Radio.Group
          label={t("number.mode")}
          value={values.recording_mode}
          onChange={(value) => set({ recording_mode: MODES.find((each) => each === value) ?? "off" })}
        >
          <div className={styles.choice}>
            {MODES.map((each) => (
              <Radio
                key={each}
                value={each}
                label={t(`number.mode_${each}`)}
                description={t(`number.mode_${each}_hint`)}
              />
            ))}
          </div>
        </Radio.Group>
      </div>
      {values.recording_mode !== "off" && (
        <>
          <div className={styles.group}>
            {!number.recording_waiver && (
              <>
                <Select
                  label={t("number.announcement")}
                  description={t("number.announcement_hint")}
                  data={CHOICES.map((each) => ({ value: each, label: word(each) }))}
                  value={values.recording_announcement}
                  allowDeselect={false}
                  onChange={(value) => set({ recording_announcement: CHOICES.find((each) => each === value) ?? "en" })}
                />
                <div className={own.listen}>
                  {(values.recording_announcement !== "own" || number.own_announcement_ms !== null) && (
                    <Listen
                      key={values.recording_announcement}
                      number={number}
                      choice={values.recording_announcement}
                    />
                  )}
                  {values.recording_announcement === "own" && <OwnAnnouncement number={number} />}
                </div>
              </>
            )}
            <Waiver number={number} />
          </div>
          <div className={styles.group}>
            <Switch
              label={t("number.record_echo")}
              description={t("number.record_echo_hint")}
              checked={values.record_echo}
              onChange={(event) => set({ record_echo: event.currentTarget.checked })}
            />
          </div>
        </>
      )}
    </>
  );
}
