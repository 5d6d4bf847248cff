/** Plays one recording. The audio element streams by ranges; the drawing comes with the first recording that has one. */
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Download, Pause, Play, Trash2 } from "lucide-react";
import { type KeyboardEvent, lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Recording } from "../../lib/api-types";
import { duration } from "../../lib/format";
import { playhead } from "../../lib/playhead";
import { audioAddress, downloadAddress, recordings } from "./api";
import styles from "./recordings.module.css";
import { nextSpeed, type Speed, soughtBy } from "./shape";

const Waveform = lazy(() => import("./waveform").then((module) => ({ default: module.Waveform })));

export function Player(props: {
  recording: Recording;
  names: { customer: string; agent: string };
  onDelete: (() => void) | null;
}) {
  const { t } = useTranslation("office");
  const { recording } = props;
  const [audio, setAudio] = useState<HTMLAudioElement | null>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState<Speed>(1);
  const [failed, setFailed] = useState(false);
  const length = (recording.duration_ms ?? 0) / 1000;
  const peaks = useQuery({
    queryKey: ["peaks", recording.id],
    queryFn: () => recordings.peaks(recording.id),
    enabled: recording.peaks,
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    if (audio === null) return;
    audio.playbackRate = speed;
    // Loading would put it back to this one.
    audio.defaultPlaybackRate = speed;
  }, [audio, speed]);
  const toggle = useCallback(() => {
    if (audio === null) return;
    if (audio.paused) void audio.play().catch(() => setFailed(true));
    else audio.pause();
  }, [audio]);
  const began = Date.parse(recording.started_at);
  const moved = useCallback(
    (seconds: number) => {
      setAt(seconds);
      playhead.moved(began + seconds * 1000);
    },
    [began],
  );
  const seek = useCallback(
    (seconds: number) => {
      if (audio !== null) audio.currentTime = seconds;
      moved(seconds);
    },
    [audio, moved],
  );
  useEffect(
    () => playhead.take((moment) => seek(Math.min(length, Math.max(0, (moment - began) / 1000)))),
    [seek, length, began],
  );
  const pressed = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = soughtBy(event.key, at, length);
    if (to !== null) seek(to);
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
  };
  const Icon = playing ? Pause : Play;
  return (
    <div className={styles.player} data-testid="player">
      {/* biome-ignore lint/a11y/useMediaCaption: a phone call; its transcript is another part of the page. */}
      <audio
        ref={setAudio}
        src={audioAddress(recording.id)}
        preload="none"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
        onTimeUpdate={(event) => moved(event.currentTarget.currentTime)}
        onSeeked={(event) => moved(event.currentTarget.currentTime)}
        onError={() => setFailed(true)}
      />
      <div className={styles.lanes}>
        <div className={styles.names}>
          <span>{props.names.customer}</span>
          <span>{props.names.agent}</span>
        </div>
        <div
          className={styles.line}
          role="slider"
          tabIndex={0}
          aria-label={t("recording.position")}
          aria-valuemin={0}
          aria-valuemax={Math.round(length)}
          aria-valuenow={Math.round(at)}
          aria-valuetext={t("recording.at_of", { at: duration(at), length: duration(length) })}
          onKeyDown={pressed}
        >
          {audio !== null && peaks.data !== undefined && recording.duration_ms !== null ? (
            <Suspense fallback={<div className={styles.blank} />}>
              <Waveform media={audio} peaks={peaks.data} durationMs={recording.duration_ms} pauses={recording.pauses} />
            </Suspense>
          ) : (
            <div className={styles.blank}>{!recording.peaks && t("recording.no_peaks")}</div>
          )}
        </div>
      </div>
      <div className={styles.keys}>
        <ActionIcon
          className={styles.play}
          radius="xl"
          size={44}
          aria-label={t(playing ? "recording.pause" : "recording.play")}
          onClick={toggle}
        >
          <Icon size={20} strokeWidth={1.75} fill="currentColor" />
        </ActionIcon>
        <span className="figures">
          <strong data-testid="playhead">{duration(at)}</strong>{" "}
          <span className="dim">{t("recording.of", { length: duration(length) })}</span>
        </span>
        <span className={styles.gap} />
        <Button
          variant="default"
          size="compact-md"
          aria-label={t("recording.speed", { speed })}
          onClick={() => setSpeed(nextSpeed(speed))}
        >
          {speed}×
        </Button>
        <Tooltip label={t("recording.download")}>
          <ActionIcon
            component="a"
            href={downloadAddress(recording.id)}
            download
            variant="subtle"
            color="gray"
            size={36}
            aria-label={t("recording.download")}
          >
            <Download size={18} strokeWidth={1.75} color="var(--ink2)" />
          </ActionIcon>
        </Tooltip>
        {props.onDelete !== null && (
          <Tooltip label={t("recording.delete")}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={36}
              aria-label={t("recording.delete")}
              onClick={props.onDelete}
            >
              <Trash2 size={18} strokeWidth={1.75} color="var(--ink2)" />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {recording.pauses.length > 0 && (
        <p className={styles.legend}>
          <span className={styles.swatch} aria-hidden="true" />
          {t("recording.paused_for", {
            count: recording.pauses.length,
            length: duration(recording.pauses.reduce((sum, { from_ms, to_ms }) => sum + to_ms - from_ms, 0) / 1000),
          })}
        </p>
      )}
      {failed && (
        <p className={styles.failed} role="alert">
          {t("recording.unplayable")}
        </p>
      )}
    </div>
  );
}
