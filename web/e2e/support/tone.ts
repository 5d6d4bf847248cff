/** A tone as a WAV file, for the fake microphone of Chromium. */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const RATE = 48_000;
const SECONDS = 4;

/** Path of the file. The tone pauses twice a second: what never pauses is taken for noise and filtered out by the browser. */
export function makeTone(hz: number): string {
  const samples = new Int16Array(RATE * SECONDS);
  for (let at = 0; at < samples.length; at++) {
    const on = at % (RATE / 2) < RATE * 0.4;
    samples[at] = on ? Math.round(Math.sin((2 * Math.PI * hz * at) / RATE) * 16_000) : 0;
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.byteLength, 40);
  const folder = resolve("e2e/.made");
  mkdirSync(folder, { recursive: true });
  const file = resolve(folder, `${hz}hz.wav`);
  writeFileSync(file, Buffer.concat([header, Buffer.from(samples.buffer)]));
  return file;
}
