/** How the call sounds right now. */
import { useTranslation } from "react-i18next";
import { SoundBars } from "../../components/sound-badge";
import { decimal } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { WARN, worst } from "../../lib/quality";
import { usePhone } from "../../lib/softphone/use-phone";
import styles from "./sound-line.module.css";

export function SoundLine() {
  const { t } = useTranslation();
  const quality = usePhone((state) => state.quality);
  const found = worst([quality.customer, quality.agent]);
  if (found === null) {
    return (
      <div className={styles.line}>
        <SoundBars bars={0} word="none" />
        {t("sound.checking")}
      </div>
    );
  }
  const { rtt_ms, loss_percent } = found.quality;
  const warned = (rtt_ms ?? 0) > WARN.rtt_ms || (loss_percent ?? 0) > WARN.loss_percent;
  return (
    <div className={styles.line} data-testid="sound-line">
      <SoundBars bars={found.sound.bars} word={found.sound.word} />
      <strong>{t(`sound.${found.sound.word}_sound`)}</strong>
      <span className={`${styles.figures} figures`} data-warned={warned || undefined}>
        {t("sound.figures", {
          rtt: rtt_ms === null ? "—" : Math.round(rtt_ms),
          loss: decimal(loss_percent ?? 0, currentLocale()),
        })}
      </span>
    </div>
  );
}
