/**
 * Everything the page itself makes sound with. A browser lets a page sound only after a click of this page load, so the context
 * is made in that click (or once the microphone runs, which counts as well), never before.
 */

type SinkContext = AudioContext & { setSinkId?: (id: string) => Promise<void> };

let context: SinkContext | null = null;

export function audioContext(): AudioContext | null {
  return context;
}

/** To be called from a click or key, or while the microphone is open. True when the page may sound from now on. */
export async function unlock(): Promise<boolean> {
  context ??= new AudioContext();
  if (context.state !== "running") {
    // resume() of a context that may not start stays pending for ever, so the answer is read from the state a moment later.
    await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 250))]).catch(() => undefined);
  }
  return context.state === "running";
}

/** Sends our own sounds to the ringer device, where the browser can. */
export async function ringThrough(deviceId: string | null) {
  if (context?.setSinkId === undefined) return;
  await context.setSinkId(deviceId ?? "").catch(() => undefined);
}

export interface Note {
  at: number;
  for: number;
  hz: number[];
  gain: number;
  shape: OscillatorType;
}

/** Plays notes from now on; the returned function silences them at once. */
export function play(notes: Note[], volume: number): () => void {
  if (context === null || context.state !== "running") return () => undefined;
  const running = context;
  const out = running.createGain();
  out.gain.value = volume;
  out.connect(running.destination);
  const sources: OscillatorNode[] = [];
  const start = running.currentTime + 0.01;
  for (const note of notes) {
    for (const hz of note.hz) {
      const source = running.createOscillator();
      const envelope = running.createGain();
      source.type = note.shape;
      source.frequency.value = hz;
      const from = start + note.at;
      const level = note.gain / note.hz.length;
      envelope.gain.setValueAtTime(0, from);
      envelope.gain.linearRampToValueAtTime(level, from + 0.012);
      envelope.gain.setTargetAtTime(level * 0.55, from + 0.05, note.for / 3);
      envelope.gain.setTargetAtTime(0, from + note.for * 0.8, note.for / 12);
      source.connect(envelope).connect(out);
      source.start(from);
      source.stop(from + note.for + 0.1);
      sources.push(source);
    }
  }
  return () => {
    out.gain.setTargetAtTime(0, running.currentTime, 0.015);
    setTimeout(() => {
      for (const source of sources) source.disconnect();
      out.disconnect();
    }, 90);
  };
}

/** A short falling tone: the call is over. */
export const END_TONE: Note[] = [
  { at: 0, for: 0.16, hz: [520], gain: 0.35, shape: "sine" },
  { at: 0.15, for: 0.3, hz: [390], gain: 0.35, shape: "sine" },
];

/** A soft knock while I talk: somebody else is calling. */
export const KNOCK: Note[] = [
  { at: 0, for: 0.09, hz: [190], gain: 0.4, shape: "sine" },
  { at: 0.16, for: 0.09, hz: [190], gain: 0.4, shape: "sine" },
];
