/**
 * Two lanes, one per speaker, drawn from the peaks the server has stored: nothing is decoded here, so that an hour of talk costs the
 * tab as much as a minute. Where the recording was paused both lanes are hatched.
 */
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import WaveSurfer from "wavesurfer.js";
import { duration } from "../../lib/format";
import type { Peaks } from "./api";
import styles from "./recordings.module.css";
import { lanes, markOf, ticks } from "./shape";

const LANE = 56;

function colors(element: HTMLElement) {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const lane = (name: string) => ({
    progressColor: of(name),
    waveColor: `color-mix(in srgb, ${of(name)} 42%, ${of("--sheet")})`,
  });
  return { customer: lane("--ok"), agent: lane("--enamel"), cursor: of("--ink") };
}

/** A canvas takes no `color-mix`; the browser computes it on an element. */
function computed(element: HTMLElement, color: string): string {
  const probe = document.createElement("span");
  probe.style.color = color;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export function Waveform(props: {
  media: HTMLAudioElement;
  peaks: Peaks;
  durationMs: number;
  pauses: { from_ms: number; to_ms: number }[];
}) {
  const scheme = useComputedColorScheme("light");
  const container = useRef<HTMLDivElement>(null);
  const { media, peaks, durationMs, pauses } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another colour scheme needs another drawing.
  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const { customer, agent, cursor } = colors(element);
    const lane = (colours: { waveColor: string; progressColor: string }) => ({
      waveColor: computed(element, colours.waveColor),
      progressColor: computed(element, colours.progressColor),
      height: LANE,
    });
    const wave = WaveSurfer.create({
      container: element,
      media,
      peaks: lanes(peaks),
      duration: durationMs / 1000,
      height: LANE,
      barWidth: 2,
      barGap: 1.5,
      barRadius: 2,
      barMinHeight: 1.5,
      cursorColor: cursor,
      cursorWidth: 2,
      dragToSeek: true,
      hideScrollbar: true,
      splitChannels: [lane(customer), lane(agent)],
    });
    return () => wave.destroy();
  }, [media, peaks, durationMs, scheme]);
  const seconds = durationMs / 1000;
  return (
    <div className={styles.wave}>
      <div ref={container} />
      {pauses.map((pause) => {
        const mark = markOf(pause, durationMs);
        return (
          <span
            key={pause.from_ms}
            className={styles.pause}
            style={{ left: `${mark.leftPercent}%`, width: `${mark.widthPercent}%` }}
          />
        );
      })}
      <div className={styles.axis} aria-hidden="true">
        {ticks(seconds).map((tick) => (
          <span key={tick} style={{ left: `${seconds === 0 ? 0 : (tick / seconds) * 100}%` }}>
            {duration(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}
