import { useTranslation } from "react-i18next";
import { SoundBars } from "../../components/sound-badge";
import type { Quality } from "../../lib/api-types";
import { decimal } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { mosOf, WARN, worst } from "../../lib/quality";
import styles from "./call-page.module.css";

export function CallSound({ quality }: { quality: Quality | null }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const language = currentLocale();
  const found = quality === null ? null : worst([quality]);
  const score = quality === null ? null : mosOf(quality);
  const figure = (name: keyof typeof WARN, unit: string) => {
    const value = quality?.[name] ?? null;
    if (value === null) return <dd>—</dd>;
    return (
      <dd className="figures" data-warned={value > WARN[name] || undefined}>
        {decimal(value, language)} {unit}
      </dd>
    );
  };
  return (
    <section className={styles.card} aria-label={t("detail.sound")}>
      <h2>{t("detail.sound")}</h2>
      {found === null ? (
        <p className="dim">{t("detail.no_sound")}</p>
      ) : (
        <>
          <p className={styles.sound}>
            <SoundBars bars={found.sound.bars} word={found.sound.word} />
            {common(`sound.${found.sound.word}_sound`)}
          </p>
          <dl className={styles.list}>
            <div>
              <dt>{common("sound.score")}</dt>
              <dd className="figures">{score === null ? "—" : decimal(score, language)}</dd>
            </div>
            <div>
              <dt>{common("sound.loss")}</dt>
              {figure("loss_percent", "%")}
            </div>
            <div>
              <dt>{common("sound.jitter")}</dt>
              {figure("jitter_ms", "ms")}
            </div>
            <div>
              <dt>{common("sound.rtt")}</dt>
              {figure("rtt_ms", "ms")}
            </div>
          </dl>
        </>
      )}
    </section>
  );
}
