/** The ringtone: two seconds on, four off, until told to stop. While a call is going on it only knocks. */
import type { Preferences, Ringtone } from "../preferences";
import { KNOCK, type Note, play, ringThrough } from "./sounds";

const PERIOD_MS = 6_000;

function bell(): Note[] {
  // A bell of an old exchange: two gongs, struck in turn for two seconds.
  return Array.from({ length: 26 }, (_, strike) => ({
    at: strike * 0.075,
    for: 0.16,
    hz: strike % 2 === 0 ? [1080, 2230] : [920, 1910],
    gain: 0.42,
    shape: "triangle" as const,
  }));
}

function chimes(): Note[] {
  return [659.3, 830.6, 987.8, 1318.5, 987.8, 1318.5].map((hz, index) => ({
    at: index * 0.3,
    for: 0.7,
    hz: [hz],
    gain: 0.6,
    shape: "sine" as const,
  }));
}

function soft(): Note[] {
  return [0, 0.5, 1, 1.5].map((at) => ({ at, for: 0.42, hz: [440, 554.4], gain: 0.5, shape: "sine" as const }));
}

export function notesOf(ringtone: Ringtone): Note[] {
  switch (ringtone) {
    case "bell":
      return bell();
    case "chimes":
      return chimes();
    case "soft":
      return soft();
  }
}

export type Ringing = "no" | "ring" | "knock";

export class Ringer {
  private mode: Ringing = "no";
  private timer: ReturnType<typeof setInterval> | undefined;
  private silence: () => void = () => undefined;

  set(mode: Ringing, settings: () => Preferences) {
    if (mode === this.mode) return;
    this.mode = mode;
    clearInterval(this.timer);
    this.silence();
    if (mode === "no") return;
    const once = () => {
      const { ringtone, volume, ringtoneOn, ringerId } = settings();
      if (!ringtoneOn) return;
      void ringThrough(ringerId);
      this.silence = play(mode === "knock" ? KNOCK : notesOf(ringtone), volume);
    };
    once();
    this.timer = setInterval(once, PERIOD_MS);
  }
}

/** Plays a ringtone once, for the settings page. */
export async function rehearse(settings: Preferences): Promise<void> {
  await ringThrough(settings.ringerId);
  play(notesOf(settings.ringtone), settings.volume);
}
