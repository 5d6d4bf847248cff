/** A state in a word, with a lamp whose shape says it too. */
import styles from "./form.module.css";
import { type LampState, LineLamp } from "./line-lamp";

export type Tone = "ok" | "warn" | "bad" | "quiet";

const LAMPS: Record<Tone, LampState> = { ok: "answered", warn: "dashed", bad: "triangle", quiet: "empty" };

export function Standing({ tone, word, lamp }: { tone: Tone; word: string; lamp?: LampState }) {
  return (
    <span className={styles.state} data-tone={tone}>
      <LineLamp state={lamp ?? LAMPS[tone]} size={13} />
      {word}
    </span>
  );
}
