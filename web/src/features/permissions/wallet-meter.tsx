/** The permission as a line, and every limit that counts beside it: how much is used, who says so, when it starts again. */
import { useTranslation } from "react-i18next";
import { LimitMeter } from "../../components/limit-meter";
import { useMoment, useTime } from "../../components/time";
import type { Wallet } from "../../lib/api-types";
import { useNow } from "../../lib/clock";
import { phone } from "../../lib/softphone/phone";
import styles from "./permissions.module.css";
import { type Mark, type MarkName, mayAsk, unanswered, type Validity, validity } from "./wallet";

const WIDTH = 280;
const LINE_Y = 14;

function markTone(mark: Mark): string {
  if (mark.name === "granted") return "ok";
  if (mark.name === "now") return "now";
  return mark.past ? "bad" : mark.name === "ours" ? "warn" : "ok";
}

function Glyph({ mark, x }: { mark: Mark; x: number }) {
  if (mark.name === "now") return <path className={styles.now} d={`M${x} ${LINE_Y - 9}v18`} />;
  const tone = markTone(mark);
  if (mark.name === "meta") {
    return <rect className={styles.mark} data-tone={tone} x={x - 4.5} y={LINE_Y - 4.5} width="9" height="9" rx="1.5" />;
  }
  return <circle className={styles.mark} data-tone={tone} cx={x} cy={LINE_Y} r="5" />;
}

function Line({ line }: { line: Validity }) {
  const x = (place: number) => Math.round(place * WIDTH * 10) / 10;
  return (
    <svg className={styles.line} viewBox={`0 0 ${WIDTH} 28`} aria-hidden="true">
      <path className={styles.track} d={`M0 ${LINE_Y}H${WIDTH}`} />
      <path className={styles.callable} d={`M${x(line.callable[0])} ${LINE_Y}H${x(line.callable[1])}`} />
      {line.metaOnly !== null && (
        <path className={styles.metaOnly} d={`M${x(line.metaOnly[0])} ${LINE_Y}H${x(line.metaOnly[1])}`} />
      )}
      {line.marks.map((mark) => (
        <Glyph key={mark.name} mark={mark} x={x(mark.place)} />
      ))}
    </svg>
  );
}

/** What the marks mean, with their moments: the same for eyes and ears. */
function Legend({ line }: { line: Validity }) {
  const { t } = useTranslation("office");
  const time = useTime();
  const words: Record<MarkName, string> = {
    granted: t("wallet.mark_granted"),
    ours: t("wallet.mark_ours"),
    meta: t("wallet.mark_meta"),
    now: t("wallet.mark_now"),
  };
  return (
    <dl className={styles.legend}>
      {line.marks
        .filter((mark) => mark.name !== "now")
        .map((mark) => (
          <div key={mark.name}>
            <dt>
              <svg width="14" height="28" viewBox="0 0 14 28" aria-hidden="true">
                <Glyph mark={mark} x={7} />
              </svg>
              {words[mark.name]}
            </dt>
            <dd data-past={(mark.past && mark.name !== "granted") || undefined}>
              {time(new Date(mark.at).toISOString())}
            </dd>
          </div>
        ))}
      {line.open && (
        <div>
          <dt>{words.meta}</dt>
          <dd>{t("wallet.for_good")}</dd>
        </div>
      )}
    </dl>
  );
}

export function WalletMeter({ wallet }: { wallet: Wallet }) {
  const { t } = useTranslation("office");
  const moment = useMoment();
  const now = useNow() + phone.getState().offsetMs;
  const line = validity(wallet, now);
  const ask = mayAsk(wallet, now);
  const row = unanswered(wallet);
  const said =
    wallet.said_by === "meta" && wallet.looked_up_at !== null
      ? t("wallet.said_by_meta", { time: moment(wallet.looked_up_at) })
      : t("wallet.said_by_us");
  return (
    <>
      <div className={styles.validity}>
        {line === null ? (
          <p className="dim">{t("wallet.never_allowed")}</p>
        ) : (
          <>
            <Line line={line} />
            <Legend line={line} />
          </>
        )}
      </div>
      <div className={styles.limits}>
        <LimitMeter label={t("wallet.asked_day")} used={wallet.requests.used_day} max={wallet.requests.max_day}>
          {ask.kind === "now" && t("wallet.ask_now")}
          {ask.kind === "full" && t("wallet.ask_full")}
          {ask.kind === "needless" && t("wallet.ask_needless")}
          {ask.kind === "later" && t("wallet.ask_later", { time: moment(ask.at) })}
        </LimitMeter>
        <LimitMeter label={t("wallet.asked_week")} used={wallet.requests.used_week} max={wallet.requests.max_week}>
          {t("wallet.reset_by_call")}
        </LimitMeter>
        <LimitMeter
          label={t("wallet.unanswered")}
          used={wallet.unanswered_in_row}
          max={wallet.unanswered_block}
          tone={row.tone}
        >
          {row.tone === "ok"
            ? t("wallet.unanswered_fine", { block: wallet.unanswered_block })
            : t("wallet.unanswered_next", { next: row.next, block: wallet.unanswered_block })}
        </LimitMeter>
        <LimitMeter label={t("wallet.connected")} used={wallet.calls.connected_day} max={wallet.calls.max_day}>
          {said}
        </LimitMeter>
      </div>
    </>
  );
}
