/** What Meta has to say about a number: restrictions, warnings, where it differs from us, and its quality. */
import { Button } from "@mantine/core";
import { Ban, CloudAlert, RefreshCw, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { CopyField } from "../../components/copy-field";
import form from "../../components/form.module.css";
import { Standing, type Tone } from "../../components/standing";
import { useMoment, useTime } from "../../components/time";
import { country } from "../../lib/format";
import { currentLanguage, joinNames, useServerWords } from "../../lib/i18n";
import type { Calling, CallingChange, Drift, Rating, Restriction } from "./api";
import hours from "./hours-section.module.css";
import styles from "./meta-panels.module.css";

const RATING_TONES: Record<Rating, Tone> = { green: "ok", yellow: "warn", red: "bad", unknown: "quiet" };

export function Quality({ rating }: { rating: Rating }) {
  const { t } = useTranslation("office");
  return <Standing tone={RATING_TONES[rating]} word={t(`meta.quality_${rating}`)} />;
}

export function Restrictions({ restrictions }: { restrictions: Restriction[] }) {
  const { t } = useTranslation("office");
  const moment = useMoment();
  return restrictions.map((one) => (
    <div key={`${one.type} ${one.since}`} className={styles.bad} role="status" data-testid="restriction">
      <Ban size={20} strokeWidth={1.75} aria-hidden="true" />
      <div>
        <p className={styles.strong}>
          {one.blocks_our_calls && one.blocks_customers_calls
            ? t("meta.restricts_both")
            : one.blocks_our_calls
              ? t("meta.restricts_ours")
              : one.blocks_customers_calls
                ? t("meta.restricts_customers")
                : t("meta.restricts")}
        </p>
        <p>
          {one.until === null ? t("meta.until_meta_says") : t("meta.until", { time: moment(one.until) })}
          {one.reason !== null && ` ${t("meta.said", { message: one.reason })}`}
        </p>
        <p className={styles.code}>{one.type}</p>
      </div>
    </div>
  ));
}

export function MetaWarnings({ calling }: { calling: Calling }) {
  const { t } = useTranslation("office");
  const moment = useMoment();
  return (
    <>
      {!calling.ours.exchange_calling && (
        <div className={styles.warn} role="status">
          <TriangleAlert size={20} strokeWidth={1.75} aria-hidden="true" />
          <p>{t("meta.exchange_off")}</p>
        </div>
      )}
      {calling.meta?.sip === true && (
        <div className={styles.warn} role="status">
          <TriangleAlert size={20} strokeWidth={1.75} aria-hidden="true" />
          <p>{t("meta.sip")}</p>
        </div>
      )}
      {calling.warning !== null && (
        <div className={styles.warn} role="status">
          <TriangleAlert size={20} strokeWidth={1.75} aria-hidden="true" />
          <div>
            <p className={styles.strong}>{t("meta.warned", { time: moment(calling.warning.at) })}</p>
            {calling.warning.advice !== null && <p>{t("meta.said", { message: calling.warning.advice })}</p>}
            <p className={styles.code}>{calling.warning.violation}</p>
          </div>
        </div>
      )}
      {calling.trouble !== null && (
        <div className={styles.warn} role="status">
          <CloudAlert size={20} strokeWidth={1.75} aria-hidden="true" />
          <div>
            <p className={styles.strong}>{t("meta.unread", { time: moment(calling.trouble.at) })}</p>
            <p>{calling.trouble.what}</p>
          </div>
        </div>
      )}
    </>
  );
}

/** Which of our settings a difference is about; `sip` is none of ours. */
const OURS: Record<string, (calling: Calling) => CallingChange> = {
  calling: ({ ours }) => ({ calling: ours.calling }),
  icon: ({ ours }) => (ours.icon === null ? {} : { icon: ours.icon }),
  countries: ({ ours }) => (ours.countries === null ? {} : { countries: ours.countries }),
  callback_permission: ({ ours }) =>
    ours.callback_permission === null ? {} : { callback_permission: ours.callback_permission },
  codecs: ({ ours }) => ({ codecs: ours.codecs }),
  srtp: ({ ours }) => ({ srtp: ours.srtp }),
};

const METAS: Record<string, (calling: Calling) => CallingChange> = {
  calling: ({ meta }) => (meta?.calling == null ? {} : { calling: meta.calling }),
  icon: ({ meta }) => (meta?.icon == null ? {} : { icon: meta.icon }),
  countries: ({ meta }) => (meta?.countries == null ? {} : { countries: meta.countries }),
  callback_permission: ({ meta }) =>
    meta?.callback_permission == null ? {} : { callback_permission: meta.callback_permission },
  codecs: ({ meta }) =>
    meta?.codecs == null ? {} : { codecs: (["pcmu", "pcma"] as const).filter((codec) => meta.codecs?.includes(codec)) },
  srtp: ({ meta }) => (meta?.srtp === "dtls" || meta?.srtp === "sdes" ? { srtp: meta.srtp } : {}),
};

export function changesFrom(side: "ours" | "meta", calling: Calling, fields: string[]): CallingChange {
  const take = side === "ours" ? OURS : METAS;
  return Object.assign({}, ...fields.map((field) => take[field]?.(calling) ?? {}));
}

function useSaid(): (field: string, value: string) => string {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  return (field, value) => {
    if (field === "countries") {
      const codes = value.split(/[\s,]+/).filter((code) => code !== "");
      if (codes.length === 0) return t("meta.all_countries");
      return joinNames(
        codes.map((code) => country(code, currentLanguage()) ?? code),
        currentLanguage(),
      );
    }
    return words(`meta.value_${value.toLowerCase()}`) ?? (value === "" ? t("hours.nothing") : value);
  };
}

export function CallingDrift(props: {
  drift: Drift[];
  saving: boolean;
  onUseMetas: () => void;
  onSendOurs: () => void;
}) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const said = useSaid();
  if (props.drift.length === 0) return null;
  return (
    <section className={hours.drift} aria-label={t("meta.drift", { count: props.drift.length })} data-testid="drift">
      <CloudAlert size={20} strokeWidth={1.75} aria-hidden="true" />
      <div className={hours.driftWords}>
        <p className={hours.driftTitle}>{t("meta.drift", { count: props.drift.length })}</p>
        <dl>
          {props.drift.map((one) => (
            <div key={one.field}>
              <dt>{words(`meta.field_${one.field}`) ?? one.field}</dt>
              <dd>{t("hours.here", { hours: said(one.field, one.ours) })}</dd>
              <dd className={hours.metas}>{t("hours.at_meta", { hours: said(one.field, one.meta) })}</dd>
            </div>
          ))}
        </dl>
      </div>
      <div className={hours.driftActs}>
        <Button variant="default" onClick={props.onUseMetas}>
          {t("hours.use_metas")}
        </Button>
        <Button onClick={props.onSendOurs} loading={props.saving}>
          {t("hours.send_ours")}
        </Button>
      </div>
    </section>
  );
}

/** Facts that only Meta knows, and when it was asked. */
export function MetaCard(props: { calling: Calling; reading: boolean; onRead: () => void }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  const time = useTime();
  const { calling } = props;
  return (
    <section className={styles.card} aria-label={t("meta.title")}>
      <h2>{t("meta.title")}</h2>
      <dl>
        <div>
          <dt>{t("meta.quality")}</dt>
          <dd>
            <Quality rating={calling.quality} />
          </dd>
        </div>
        {calling.verified_name !== null && (
          <div>
            <dt>{t("meta.verified_name")}</dt>
            <dd>{calling.verified_name}</dd>
          </div>
        )}
        {calling.messaging_limit !== null && (
          <div>
            <dt>{t("meta.messaging_limit")}</dt>
            <dd className="mono">{calling.messaging_limit}</dd>
          </div>
        )}
        {calling.health !== null && (
          <div>
            <dt>{t("meta.health")}</dt>
            <dd>{words(`meta.health_${calling.health.toLowerCase()}`) ?? calling.health}</dd>
          </div>
        )}
        <div>
          <dt>{t("meta.read_at")}</dt>
          <dd>{calling.read_at === null ? t("meta.never_read") : time(calling.read_at)}</dd>
        </div>
      </dl>
      {calling.health_problems.length > 0 && (
        <ul className={form.warned}>
          {calling.health_problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <Button
        variant="default"
        leftSection={<RefreshCw size={15} strokeWidth={1.75} aria-hidden="true" />}
        loading={props.reading}
        onClick={props.onRead}
      >
        {t("meta.read_now")}
      </Button>
      <CopyField label={t("meta.webhook")} description={t("meta.webhook_hint")} value={calling.webhook_url} />
    </section>
  );
}
