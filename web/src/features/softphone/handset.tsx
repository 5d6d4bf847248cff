/** The phone during a call: fixed slots, so that nothing moves when the state changes. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { AudioLines, ChevronDown, Mic, MicOff, PhoneOff, WifiOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { LineLamp } from "../../components/line-lamp";
import type { Call } from "../../lib/api-types";
import { secondsSince, useNow } from "../../lib/clock";
import { duration } from "../../lib/format";
import { useServerWords } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import { isDialling } from "../../lib/softphone/state";
import { usePhone } from "../../lib/softphone/use-phone";
import { toast } from "../../lib/toast";
import { useCaller } from "./caller";
import { DevicePanel } from "./device-panel";
import styles from "./handset.module.css";
import { RecordingKey, RecordingLine } from "./recording-key";
import { SoundLine } from "./sound-line";

/** What the phone at the other end is doing, in a word. */
function useDiallingWord(call: Call): string {
  const { t } = useTranslation();
  return t(call.state === "ringing" ? "call.their_phone_rings" : "call.calling");
}

/** Why the customer was not reached, and what to do about it. */
function NotReached({ call }: { call: Call }) {
  const words = useServerWords();
  const { t } = useTranslation();
  const reason = call.end_reason ?? "other";
  const remedy = words(`remedy.${reason}`);
  return (
    <div className={styles.lost} role="status" data-testid="not-reached">
      <p>
        <strong>{words(`reason.${reason}`) ?? t("reason.other")}</strong>
      </p>
      {remedy !== null && <p className={styles.dim}>{remedy}</p>}
    </div>
  );
}

export function CallTimer({ call }: { call: Call }) {
  const now = useNow();
  const offset = usePhone((state) => state.offsetMs);
  const since = call.answered_at ?? call.accepted_at;
  const dialling = useDiallingWord(call);
  if (isDialling(call)) return call.ended_at === null ? <span>{dialling}</span> : null;
  if (call.ended_at !== null && since !== null) {
    return <span className="figures">{duration((Date.parse(call.ended_at) - Date.parse(since)) / 1000)}</span>;
  }
  return <span className="figures">{duration(since === null ? 0 : secondsSince(since, offset, now))}</span>;
}

export function useEnd(): () => void {
  const { t } = useTranslation();
  return () => {
    phone.end().catch(() => toast({ color: "red", message: t("call.end_failed") }));
  };
}

export function MuteKey({ small = false }: { small?: boolean }) {
  const { t } = useTranslation();
  const muted = usePhone((state) => state.muted);
  const word = t(muted ? "call.muted" : "call.mute");
  return (
    <button
      type="button"
      className={small ? styles.small : styles.key}
      aria-pressed={muted}
      aria-label={small ? word : undefined}
      onClick={() => phone.mute(!muted)}
    >
      {muted ? (
        <MicOff size={20} strokeWidth={1.75} aria-hidden="true" />
      ) : (
        <Mic size={20} strokeWidth={1.75} aria-hidden="true" />
      )}
      {!small && word}
    </button>
  );
}

function Reconnecting({ name }: { name: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const lostAt = usePhone((state) => state.lineLostAt);
  return (
    <div className={styles.lost} role="status">
      <p className={styles.lostTitle}>
        <WifiOff size={18} strokeWidth={1.75} aria-hidden="true" />
        {t("call.reconnecting", { count: lostAt === null ? 0 : Math.max(0, Math.floor((now - lostAt) / 1000)) })}
      </p>
      <p>
        <strong>{t("call.still_there")}</strong>
      </p>
      <p className={styles.dim}>{t("call.still_there_hint", { name })}</p>
    </div>
  );
}

export function Handset({ call, onMinimise }: { call: Call; onMinimise: () => void }) {
  const { t } = useTranslation();
  const { name, known, second } = useCaller(call);
  const ending = usePhone((state) => state.ending);
  const over = usePhone((state) => state.myCall === null);
  const lost = usePhone((state) => state.myCall !== null && state.line !== "connected");
  const lostLong = usePhone((state) => state.lineLostAt !== null);
  const [devices, setDevices] = useState(false);
  const end = useEnd();
  const dialling = isDialling(call);
  const word = useDiallingWord(call);
  const notReached = over && dialling && call.outcome !== "cancelled" && call.ended_at !== null;
  return (
    <section className={styles.handset} data-surface="ebonite" aria-label={t("app.phone")} data-testid="handset">
      <header className={styles.top}>
        <LineLamp
          state={
            over
              ? "ended"
              : lost || (dialling && call.state === "ringing")
                ? "ringing"
                : dialling
                  ? "dashed"
                  : "answered"
          }
        />
        <span className={styles.state}>
          <strong data-testid="call-state">{over ? t("call.ended") : dialling ? word : t("call.in_call")}</strong>{" "}
          <span className={styles.dim}>{t("call.on_line", { line: call.number.name })}</span>
        </span>
        {!over && (
          <Tooltip label={t("call.minimise")} openDelay={400}>
            <ActionIcon variant="subtle" color="gray" size={44} aria-label={t("call.minimise")} onClick={onMinimise}>
              <ChevronDown size={20} strokeWidth={1.75} color="var(--ink2)" />
            </ActionIcon>
          </Tooltip>
        )}
      </header>
      <div className={styles.who}>
        <span className={styles.face}>
          <Avatar name={known} size={76} />
        </span>
        <div className={styles.names}>
          <p className={styles.name}>{name}</p>
          <p className={styles.dim}>{second}</p>
        </div>
        <p className={styles.timer} data-testid="timer">
          <CallTimer call={call} />
        </p>
      </div>
      {!dialling && <SoundLine />}
      {!over && <RecordingLine recording={call.recording} name={name} />}
      <div className={styles.keys}>
        <MuteKey />
        <button
          type="button"
          className={styles.key}
          aria-expanded={devices}
          aria-pressed={devices}
          onClick={() => setDevices(!devices)}
        >
          <AudioLines size={20} strokeWidth={1.75} aria-hidden="true" />
          {t("call.devices")}
        </button>
        {!over && <RecordingKey recording={call.recording} />}
      </div>
      <div className={styles.panel}>
        {notReached && <NotReached call={call} />}
        {lost && lostLong && <Reconnecting name={name} />}
        {devices && <DevicePanel />}
        {!devices && (
          <Link className={styles.open} to="/calls/$id" params={{ id: call.id }}>
            {t("call.open_page")}
          </Link>
        )}
      </div>
      <button type="button" className={styles.end} disabled={ending || over} onClick={end}>
        <PhoneOff size={20} strokeWidth={1.75} aria-hidden="true" />
        {t(ending ? "call.ending" : over ? "call.ended" : "call.end")}
        {!ending && !over && (
          <span className={styles.kbd} aria-hidden="true">
            Ctrl E
          </span>
        )}
      </button>
    </section>
  );
}
