import { Link, useNavigate } from "@tanstack/react-router";
import { CircleDot } from "lucide-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { CallState } from "../../components/line-lamp";
import { SoundBadge } from "../../components/sound-badge";
import type { Call } from "../../lib/api-types";
import type { CallSearch } from "../../lib/call-search";
import { secondsSince, useNow } from "../../lib/clock";
import { callerName, clockTime, duration, exactTime, listTime } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { worst } from "../../lib/quality";
import { phone } from "../../lib/softphone/phone";
import styles from "./calls.module.css";
import { DirectionIcon } from "./direction-icon";

function Running({ since }: { since: string }) {
  const now = useNow();
  return duration(secondsSince(since, phone.getState().offsetMs, now));
}

export function CallDuration({ call }: { call: Call }) {
  if (call.status === "answered" && call.answered_at !== null) return <Running since={call.answered_at} />;
  return duration(call.talk_seconds ?? call.duration_seconds);
}

function hasDuration(call: Call): boolean {
  return call.status === "answered" || (call.talk_seconds ?? call.duration_seconds) !== null;
}

interface RowProps {
  call: Call;
  index: number;
  top: number;
  narrow: boolean;
  search: CallSearch;
  recorded: boolean;
}

/** Drawn again only when its own call, place or language changes. */
export const CallRow = memo(function CallRow({ call, index, top, narrow, search, recorded }: RowProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const language = currentLocale();
  const known = callerName(call);
  const name = known ?? t("calls.unknown");
  const second = known === call.caller.phone ? null : (call.caller.phone ?? t("calls.no_number"));
  const time = call.offered_at;
  const when =
    time === null
      ? "—"
      : listTime(time, new Date(), language, { today: t("app.today"), yesterday: t("app.yesterday") });
  const sound = call.quality === null ? null : (worst([call.quality])?.sound ?? null);
  const link = (
    <Link to="/calls/$id" params={{ id: call.id }} search={search} className={styles.name}>
      {name}
    </Link>
  );
  const mark = recorded && (
    <span className={styles.recorded} role="img" aria-label={t("calls.recorded")} title={t("calls.recorded")}>
      <CircleDot size={14} strokeWidth={1.75} aria-hidden="true" />
    </span>
  );
  const open = () => void navigate({ to: "/calls/$id", params: { id: call.id }, search });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the link in the row is what the keyboard uses; the row only widens it.
    <div
      className={styles.row}
      role="row"
      tabIndex={-1}
      aria-rowindex={index}
      style={{ transform: `translateY(${top}px)` }}
      onClick={open}
    >
      {narrow ? (
        <>
          <span role="cell">
            <Avatar name={known} size={36} />
          </span>
          <span role="cell" className={styles.two}>
            {link}
            <span className={styles.second}>
              <DirectionIcon call={call} size={14} />
              <CallState status={call.status} />
              {mark}
              <span className="figures">
                {hasDuration(call) && (
                  <>
                    <CallDuration call={call} />,{" "}
                  </>
                )}
                {call.number.name}
              </span>
            </span>
          </span>
          <span role="cell" className="figures dim">
            {time === null ? "—" : clockTime(time, language)}
          </span>
        </>
      ) : (
        <>
          <span role="cell">
            <DirectionIcon call={call} size={18} />
          </span>
          <span role="cell" data-column="contact">
            {link}
            {second !== null && <span className="dim figures">{second}</span>}
            {mark}
          </span>
          <span role="cell">
            <CallState status={call.status} />
          </span>
          <span role="cell" data-column="line">
            {call.number.name}
          </span>
          <span role="cell" data-column="agent">
            {call.answered_by?.name ?? "—"}
          </span>
          <span role="cell" data-column="duration" className="figures">
            <CallDuration call={call} />
          </span>
          <span role="cell" data-column="sound">
            <SoundBadge sound={sound} />
          </span>
          <span
            role="cell"
            data-column="time"
            className="figures"
            title={time === null ? undefined : exactTime(time, language)}
          >
            {when}
          </span>
        </>
      )}
    </div>
  );
});
