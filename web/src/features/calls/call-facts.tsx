import { useTranslation } from "react-i18next";
import type { CallDetail } from "../../lib/api-types";
import { duration, exactTime } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import styles from "./call-page.module.css";

const ENDED_BY = ["customer", "agent", "exchange", "provider"] as const;

export function CallFacts({ call }: { call: CallDetail }) {
  const { t } = useTranslation("office");
  const time = (at: string | null) => (at === null ? null : exactTime(at, currentLocale()));
  const wait =
    call.offered_at !== null && call.answered_at !== null
      ? duration((Date.parse(call.answered_at) - Date.parse(call.offered_at)) / 1000)
      : null;
  const ours = call.direction === "outgoing";
  const by = ENDED_BY.find((each) => each === call.ended_by);
  const facts: [string, string | null][] = [
    [t("detail.line"), `${call.number.name}, ${call.number.display_phone}`],
    [t("detail.agent"), call.answered_by?.name ?? null],
    [t("detail.placed_by"), call.placed_by?.name ?? null],
    [t("detail.offered_at"), ours ? null : time(call.offered_at)],
    [t("detail.dialled_at"), time(call.dialled_at)],
    [t("detail.rang_at"), time(call.rang_at)],
    [
      t(ours ? "detail.rings_until" : "detail.answer_by"),
      call.answered_at === null && call.ended_at !== null ? time(call.answer_by) : null,
    ],
    [t("detail.answered_at"), time(call.answered_at)],
    [t("detail.wait"), wait],
    [t("detail.ended_at"), time(call.ended_at)],
    [t("detail.talk"), call.talk_seconds === null ? null : duration(call.talk_seconds)],
    [t("detail.ended_by"), by === undefined ? null : t(`detail.by_${by}`)],
    [t("detail.button"), call.cta_payload],
    [t("detail.link"), call.deeplink_payload],
  ];
  return (
    <section className={styles.card} aria-label={t("detail.facts")}>
      <h2>{t("detail.facts")}</h2>
      <dl className={styles.list}>
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="figures">{value}</dd>
              </div>
            ),
        )}
        <div>
          <dt>{t("detail.id")}</dt>
          <dd className="mono">{call.id}</dd>
        </div>
      </dl>
    </section>
  );
}
