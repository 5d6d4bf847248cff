/** Listens to a recording as a measuring instrument does. The browser decodes it; the player itself never does. */
import type { Page } from "@playwright/test";

export interface Lane {
  /** The tone that is there most of the time. */
  hz: number;
  /** In how much of the time, pauses left out, this tone is heard. */
  share: number;
}

export interface Heard {
  durationMs: number;
  left: Lane;
  right: Lane;
  /** The loudest sample within the pause, a fifth of a second away from its edges. */
  pausePeak: number;
  /** The longest silence of both lanes. */
  silenceMs: number;
}

/** Runs in the page. */
async function measure({ address, pause }: { address: string; pause: { from_ms: number; to_ms: number } }) {
  const bytes = await (await fetch(address)).arrayBuffer();
  const sound = await new OfflineAudioContext(2, 1, 48_000).decodeAudioData(bytes);
  const rate = sound.sampleRate;
  const lanes = [sound.getChannelData(0), sound.getChannelData(1)] as const;
  const at = (ms: number) => Math.round((ms / 1000) * rate);
  const step = at(50);
  const isQuiet = (samples: Float32Array, from: number) => {
    for (let index = from; index < from + step && index < samples.length; index++) {
      if (Math.abs(samples[index] ?? 0) > 0.01) return false;
    }
    return true;
  };
  const lane = (samples: Float32Array) => {
    const counts = new Map<number, number>();
    let loud = 0;
    for (let from = 0; from + step < samples.length; from += step) {
      if (isQuiet(samples, from)) continue;
      loud += 1;
      // A tone crosses zero upwards once in each of its periods.
      let first = -1;
      let last = -1;
      let crossings = 0;
      for (let index = from + 1; index < from + step; index++) {
        if ((samples[index - 1] ?? 0) < 0 && (samples[index] ?? 0) >= 0) {
          if (first < 0) first = index;
          else crossings += 1;
          last = index;
        }
      }
      const hz = last > first ? (crossings * rate) / (last - first) : 0;
      const near = Math.round(hz / 10) * 10;
      counts.set(near, (counts.get(near) ?? 0) + 1);
    }
    const [hz, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
    return { hz, share: loud === 0 ? 0 : count / loud };
  };
  let pausePeak = 0;
  for (const samples of lanes) {
    for (let index = at(pause.from_ms + 200); index < at(pause.to_ms - 200); index++) {
      pausePeak = Math.max(pausePeak, Math.abs(samples[index] ?? 0));
    }
  }
  let silence = 0;
  let run = 0;
  for (let from = 0; from < sound.length; from += step) {
    run = lanes.every((samples) => isQuiet(samples, from)) ? run + 1 : 0;
    silence = Math.max(silence, run);
  }
  return {
    durationMs: sound.duration * 1000,
    left: lane(lanes[0]),
    right: lane(lanes[1]),
    pausePeak,
    silenceMs: silence * 50,
  };
}

export function listenTo(page: Page, address: string, pause: { from_ms: number; to_ms: number }): Promise<Heard> {
  return page.evaluate(measure, { address, pause });
}
