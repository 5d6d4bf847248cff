/** What protects a number's standing at Meta: how near each limit is, what rests until when, and the limits themselves. */
import "@mantine/core/styles/NumberInput.css";
import { Button, NumberInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import form from "../../components/form.module.css";
import { useLeft } from "../../components/left";
import { LimitMeter } from "../../components/limit-meter";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { SaveBar } from "../../components/save-bar";
import { useMoment, useTime } from "../../components/time";
import type { NumberSettings } from "../../lib/api-types";
import { useNow } from "../../lib/clock";
import { useDraft } from "../../lib/draft";
import { decimal } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { type Dials, type Limits, numbers, type PickupRate, type Safeguards } from "./api";
import styles from "./limits-section.module.css";
import { Quality, Restrictions } from "./meta-panels";

/** Dials change from second to second. */
const EVERY_MS = 5_000;

interface LimitField {
  name: keyof Limits;
  least: number;
  most: number;
  /** The server counts seconds where people count minutes or days. */
  unit?: { seconds: number; suffix: string };
  suffix?: string;
}

const MINUTES = { seconds: 60, suffix: " min" };
const DAYS = { seconds: 86_400, suffix: " d" };

const GROUPS: { heading: "dials" | "suspension" | "unanswered" | "pickup" | "minutes"; fields: LimitField[] }[] = [
  {
    heading: "dials",
    fields: [
      { name: "per_minute", least: 0, most: 600 },
      { name: "per_hour", least: 0, most: 10_000 },
    ],
  },
  {
    heading: "suspension",
    fields: [
      { name: "missed", least: 0, most: 1_000 },
      { name: "missed_within_s", least: 1, most: 1_440, unit: MINUTES },
      { name: "suspend_for_s", least: 1, most: 1_440, unit: MINUTES },
    ],
  },
  {
    heading: "unanswered",
    fields: [
      { name: "unanswered_warn", least: 1, most: 20 },
      { name: "unanswered_block", least: 1, most: 20 },
    ],
  },
  {
    heading: "pickup",
    fields: [
      { name: "pickup_within_s", least: 1, most: 30, unit: DAYS },
      { name: "pickup_calls", least: 1, most: 100_000 },
      { name: "pickup_watch_percent", least: 0, most: 100, suffix: " %" },
      { name: "pickup_low_percent", least: 0, most: 100, suffix: " %" },
    ],
  },
  { heading: "minutes", fields: [{ name: "monthly_minutes", least: 0, most: 100_000_000 }] },
];

function DialsMeter({ label, dials }: { label: string; dials: Dials }) {
  const { t } = useTranslation("office");
  const left = useLeft();
  const now = useNow() + phone.getState().offsetMs;
  return (
    <LimitMeter label={label} used={dials.used} max={dials.max} tone={dials.used >= dials.max ? "bad" : "ok"}>
      {dials.until === null ? t("limits.room") : t("limits.room_again", { left: left(dials.until, now) })}
    </LimitMeter>
  );
}

/** The share of calls that was taken, with the marks below which it is watched. */
function PickupPlot(props: { label: string; rate: PickupRate; limits: Limits }) {
  const { t } = useTranslation("office");
  const { rate, limits } = props;
  const share = rate.percent;
  return (
    <div className={styles.pickup} data-state={share === null ? "none" : rate.state}>
      <div className={styles.pickupHead}>
        <span>{props.label}</span>
        <span className={styles.percent}>{share === null ? "—" : `${share} %`}</span>
      </div>
      <svg className={styles.plot} viewBox="0 0 200 18" preserveAspectRatio="none" aria-hidden="true">
        <rect className={styles.plotTrack} x="0" y="4" width="200" height="10" rx="2" />
        {share !== null && <rect className={styles.plotFill} x="0" y="4" width={share * 2} height="10" rx="2" />}
        {[limits.pickup_watch_percent, limits.pickup_low_percent].map((mark) => (
          <path key={mark} className={styles.plotMark} d={`M${mark * 2} 0v18`} vectorEffect="non-scaling-stroke" />
        ))}
      </svg>
      <p className={styles.said}>
        {t("limits.pickup_of", { answered: rate.answered, count: rate.total })}{" "}
        {share !== null && t(`limits.pickup_${rate.state}`)}
      </p>
    </div>
  );
}

function Standing({ guards, onLift }: { guards: Safeguards; onLift: () => void }) {
  const { t } = useTranslation("office");
  const time = useTime();
  const moment = useMoment();
  const { state, limits } = guards;
  const number = (value: number) => decimal(value, currentLocale(), 0);
  return (
    <>
      {state.suspended_until !== null && (
        <div className={styles.suspended} role="status" data-testid="suspended">
          <Ban size={20} strokeWidth={1.75} aria-hidden="true" />
          <p>
            <strong>{t("limits.suspended", { time: moment(state.suspended_until) })}</strong>{" "}
            {t("limits.suspended_why", { missed: limits.missed, minutes: Math.round(limits.missed_within_s / 60) })}
          </p>
          <Button variant="default" onClick={onLift}>
            {t("limits.lift")}
          </Button>
        </div>
      )}
      <Restrictions restrictions={state.restrictions} />
      <div className={styles.meters} data-testid="meters">
        <DialsMeter label={t("limits.dials_minute")} dials={state.dials_minute} />
        <DialsMeter label={t("limits.dials_hour")} dials={state.dials_hour} />
        {limits.missed > 0 && (
          <LimitMeter
            label={t("limits.missed_now")}
            used={state.missed}
            max={limits.missed}
            tone={state.missed >= limits.missed ? "bad" : state.missed >= limits.missed - 1 ? "warn" : "ok"}
          >
            {t("limits.missed_then", { minutes: Math.round(limits.suspend_for_s / 60) })}
          </LimitMeter>
        )}
        {limits.monthly_minutes === null ? (
          <div className={styles.noLimit}>
            <span>{t("limits.minutes_used")}</span>
            <span className={styles.percent}>{number(state.minutes_used)}</span>
            <p className={styles.said}>{t("limits.no_month_limit")}</p>
          </div>
        ) : (
          <LimitMeter
            label={t("limits.minutes_used")}
            used={state.minutes_used}
            max={limits.monthly_minutes}
            tone={
              state.minutes_used >= limits.monthly_minutes
                ? "bad"
                : state.minutes_used >= limits.monthly_minutes * 0.8
                  ? "warn"
                  : "ok"
            }
          >
            {t("limits.month_ends", { time: moment(state.month_ends) })}
          </LimitMeter>
        )}
        <PickupPlot label={t("limits.pickup_in")} rate={state.pickup_rate} limits={limits} />
        <PickupPlot label={t("limits.pickup_out")} rate={state.pickup_rate_outgoing} limits={limits} />
      </div>
      <div className={styles.quality}>
        <span>{t("meta.quality")}</span>
        <Quality rating={state.quality} />
        <span className="dim">{t(`limits.quality_${state.quality}`)}</span>
      </div>
      {state.suspensions.length > 0 && (
        <section className={styles.past} aria-label={t("limits.past")}>
          <h2>{t("limits.past")}</h2>
          <ul>
            {state.suspensions.slice(0, 5).map((rest) => (
              <li key={rest.since}>
                <span>{time(rest.since)}</span>
                <span className="dim">{t("limits.past_missed", { count: rest.missed })}</span>
                <span className="dim">
                  {rest.lifted_at !== null && t("limits.past_lifted", { name: rest.lifted_by ?? "—" })}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Form({ number, guards }: { number: NumberSettings; guards: Safeguards }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const [lifting, setLifting] = useState(false);
  // Meters move every few seconds; what is being typed must not.
  const key = JSON.stringify(guards.limits);
  const saved = useMemo(() => JSON.parse(key) as Limits, [key]);
  const draft = useDraft<Limits>(saved);
  const { values, set } = draft;
  const learnt = (now: Safeguards) => queries.setQueryData(["number-safeguards", number.id], now);
  const save = useMutation({
    mutationFn: () => numbers.changeLimits(number.id, draft.changes),
    onSuccess: (now) => {
      learnt(now);
      draft.discard();
      toast({ message: t("limits.saved") });
    },
  });
  const reset = useMutation({
    mutationFn: (name: keyof Limits) => numbers.changeLimits(number.id, { [name]: null }),
    onSuccess: (now, name) => {
      learnt(now);
      set({ [name]: now.limits[name] });
    },
  });
  const field = ({ name, least, most, unit, suffix }: LimitField) => {
    const value = values[name];
    const shown = value === null ? "" : unit === undefined ? value : Math.round(value / unit.seconds);
    return (
      <div key={name} className={styles.field}>
        <NumberInput
          label={t(`limits.${name}`)}
          {...(unit === undefined ? (suffix === undefined ? {} : { suffix }) : { suffix: unit.suffix })}
          min={least}
          max={most}
          allowDecimal={false}
          {...(name === "monthly_minutes" ? { placeholder: t("limits.no_limit") } : {})}
          value={shown}
          onChange={(next) => {
            if (typeof next === "number") set({ [name]: unit === undefined ? next : next * unit.seconds });
            else if (name === "monthly_minutes") set({ monthly_minutes: null });
          }}
        />
        {guards.own.includes(name) ? (
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={t("limits.reset_named", { name: t(`limits.${name}`) })}
            onClick={() => reset.mutate(name)}
          >
            {t("limits.reset")}
          </Button>
        ) : (
          <span className={styles.said}>{t("limits.as_exchange")}</span>
        )}
      </div>
    );
  };
  return (
    <>
      <PageHead
        title={t("number.limits")}
        actions={
          <SaveBar count={draft.count} saving={save.isPending} onSave={() => save.mutate()} onDiscard={draft.discard} />
        }
      >
        {t("number.limits_explain")}
      </PageHead>
      {(save.isError || reset.isError) && (
        <p className={form.trouble} role="alert">
          {words(save.error ?? reset.error)}
        </p>
      )}
      <Standing guards={guards} onLift={() => setLifting(true)} />
      {GROUPS.map(({ heading, fields }) => (
        <fieldset key={heading} className={styles.group}>
          <legend>{t(`limits.group_${heading}`)}</legend>
          <p className={form.hint}>{t(`limits.group_${heading}_hint`)}</p>
          <div className={styles.fields}>{fields.map(field)}</div>
        </fieldset>
      ))}
      {lifting && (
        <ConfirmDialog
          title={t("limits.lift_title", { name: number.name })}
          action={t("limits.lift")}
          run={() =>
            numbers.lift(number.id).then(() => {
              toast({ message: t("limits.lifted") });
              return queries.invalidateQueries({ queryKey: ["number-safeguards", number.id] });
            })
          }
          onClose={() => setLifting(false)}
        >
          <p>{t("limits.lift_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

export function LimitsSection({ number }: { number: NumberSettings }) {
  const query = useQuery({
    queryKey: ["number-safeguards", number.id],
    queryFn: () => numbers.safeguards(number.id),
    staleTime: 0,
    refetchInterval: EVERY_MS,
  });
  return <QueryView query={query}>{(guards) => <Form number={number} guards={guards} />}</QueryView>;
}
