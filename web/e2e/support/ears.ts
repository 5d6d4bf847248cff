/**
 * Ears in the page: a script of the page's own that listens to what the line plays and writes it to the console. Nothing is
 * evaluated from outside for it, because that would count as a click of a person and unlock the sound that is being tested.
 */
import { expect, type Page } from "@playwright/test";

export interface Ears {
  /** Waits until a tone of this frequency is heard from now on. */
  hear(hz: number): Promise<void>;
  /** Waits until nothing is heard. */
  silence(): Promise<void>;
}

/** Runs in the page. */
function listen(testId: string) {
  let context: AudioContext | null = null;
  let analyser: AnalyserNode | null = null;
  let stream: MediaStream | null = null;
  const look = () => {
    const audio = document.querySelector<HTMLAudioElement>(`audio[data-testid="${testId}"]`);
    const playing = audio !== null && !audio.paused && audio.srcObject instanceof MediaStream;
    if (!playing) return;
    context ??= new AudioContext();
    if (stream !== audio.srcObject || analyser === null) {
      stream = audio.srcObject as MediaStream;
      analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(stream).connect(analyser);
    }
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    let loudest = 0;
    for (let bin = 4; bin < bins.length; bin++) if ((bins[bin] ?? -200) > (bins[loudest] ?? -200)) loudest = bin;
    const hz = (loudest * context.sampleRate) / analyser.fftSize;
    // biome-ignore lint/suspicious/noConsole: the console is the way out of the page.
    console.debug(`heard ${hz.toFixed(0)} ${(bins[loudest] ?? -200).toFixed(0)} ${context.state}`);
  };
  setInterval(look, 200);
}

export async function giveEars(page: Page, testId = "line-audio"): Promise<Ears> {
  let heard: { hz: number; db: number }[] = [];
  page.on("console", (message) => {
    const found = /^heard (\d+) (-?\d+|-Infinity) running/.exec(message.text());
    if (found !== null) heard.push({ hz: Number(found[1]), db: found[2] === "-Infinity" ? -200 : Number(found[2]) });
  });
  await page.addInitScript(listen, testId);
  return {
    async hear(hz) {
      heard = [];
      await expect
        .poll(() => heard.some((each) => Math.abs(each.hz - hz) < 12 && each.db > -60), {
          message: `${hz} Hz is heard in the page`,
          timeout: 15_000,
        })
        .toBe(true);
    },
    async silence() {
      await expect
        .poll(
          () => {
            const last = heard.slice(-4);
            return last.length === 4 && last.every((each) => each.db < -75);
          },
          { message: "nothing is heard in the page" },
        )
        .toBe(true);
    },
  };
}
