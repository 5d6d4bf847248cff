/** Five bars and their word. */
import { useTranslation } from "react-i18next";
import type { Sound } from "../lib/quality";
import styles from "./sound-badge.module.css";

export function SoundBars({ bars, word }: { bars: number; word: Sound["word"] | "none" }) {
  return (
    <svg className={styles.bars} data-word={word} width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">
      {[3, 5.5, 8, 10.5, 13].map((height, index) => (
        <rect
          key={height}
          x={index * 3.7}
          y={14 - height}
          width="2.6"
          height={height}
          rx="0.8"
          fill="currentColor"
          opacity={index < bars ? 1 : 0.22}
        />
      ))}
    </svg>
  );
}

export function SoundBadge({ sound }: { sound: Sound | null }) {
  const { t } = useTranslation();
  if (sound === null) return <span className="dim">—</span>;
  return (
    <span className={styles.badge}>
      <SoundBars bars={sound.bars} word={sound.word} />
      {t(`sound.${sound.word}`)}
    </span>
  );
}
