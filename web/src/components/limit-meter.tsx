/** How much of a limit is used: counted in segments while they can be counted, a bar beyond. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { decimal } from "../lib/format";
import { currentLocale } from "../lib/i18n";
import { meter, type Tone } from "../lib/meter";
import styles from "./limit-meter.module.css";

/** One limit: its name, used of most, and a line about it. */
export function LimitMeter(props: { label: string; used: number; max: number; tone?: Tone; children?: ReactNode }) {
  const { t } = useTranslation("office");
  const locale = currentLocale();
  const drawn = meter(props.used, props.max);
  return (
    <div className={styles.limit} data-tone={props.tone}>
      <div className={styles.limitHead}>
        <span>{props.label}</span>
        <span className={styles.count}>
          {t("wallet.of", { used: decimal(props.used, locale, 0), max: decimal(props.max, locale, 0) })}
        </span>
      </div>
      {drawn.kind === "bar" ? (
        <div className={styles.bar} aria-hidden="true">
          <span style={{ width: `${drawn.share * 100}%` }} />
        </div>
      ) : (
        <div className={styles.segments} aria-hidden="true">
          {drawn.filled.map((on, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a segment is nothing but its place.
            <span key={index} data-on={on || undefined} />
          ))}
        </div>
      )}
      {props.children !== undefined && <p className={styles.said}>{props.children}</p>}
    </div>
  );
}
