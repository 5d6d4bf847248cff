/** One lamp per live or ringing call I may see; the words beside it carry the meaning. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { LineLamp } from "../../components/line-lamp";
import { usePhone } from "../../lib/softphone/use-phone";
import styles from "./lamp-strip.module.css";

const SHOWN = 10;

export function LampStrip() {
  const { t } = useTranslation();
  const live = usePhone((state) => state.live);
  const calls = useMemo(() => Object.values(live), [live]);
  const talking = calls.filter((call) => call.status === "answered").length;
  const words =
    calls.length === 0 ? t("lamps.quiet") : t("lamps.live", { live: talking, ringing: calls.length - talking });
  return (
    <div className={styles.strip} data-testid="lamps">
      <span className={styles.lamps}>
        {calls.slice(0, SHOWN).map((call) => (
          <LineLamp key={call.id} state={call.status} size={15} />
        ))}
        {calls.length > SHOWN && t("lamps.more", { count: calls.length - SHOWN })}
      </span>
      <span className="figures">{words}</span>
    </div>
  );
}
