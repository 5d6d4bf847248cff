/** When a number is open, what Meta shows of it, and what happens when it is closed. */
import { Button, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CloudAlert } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import { Left } from "../../components/left";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { SaveBar } from "../../components/save-bar";
import type { NumberSettings } from "../../lib/api-types";
import { useNow } from "../../lib/clock";
import { useDraft } from "../../lib/draft";
import { clockTime, sameDay } from "../../lib/format";
import { currentLocale, useServerWords } from "../../lib/i18n";
import { phone } from "../../lib/softphone/phone";
import { toast } from "../../lib/toast";
import { type Drift, type HoursAtMeta, type NumberHours, numbers, type OpeningHours, type OpenNow } from "./api";
import { DAYS, readWeek, troubleOf, type Week, wallClock, weekOfMeta, writeTime, writeWeek } from "./hours";
import { HoursEditor } from "./hours-editor";
import { Holidays } from "./hours-holidays";
import styles from "./hours-section.module.css";
import { TakeDialog } from "./hours-taking";
import { WhenClosed } from "./hours-when-closed";
import { useFieldName, useHoursSaid, useRefusal } from "./hours-words";

/** What is edited, flat: each day that changed counts as one change. */
export type HoursDraft = Week & {
  zone: string;
  holidays: OpeningHours["holidays"];
  action: OpeningHours["out_of_hours"]["action"];
  text: string;
  outbound_blocked: boolean;
};

function draftOf(hours: NumberHours): HoursDraft {
  const { zone, holidays, out_of_hours, outbound_blocked } = hours;
  return { ...readWeek(weeklyOf(hours)), zone, holidays, ...out_of_hours, outbound_blocked };
}

function weeklyOf(hours: NumberHours): Record<string, string[][]> {
  return Object.fromEntries(DAYS.map((day) => [day, hours.weekly[day] ?? []]));
}

function weekOf(draft: HoursDraft): Week {
  return Object.fromEntries(DAYS.map((day) => [day, draft[day]])) as Week;
}

/** As the server takes it; days that are over are left out, because it refuses them. */
function written(draft: HoursDraft, today: string): OpeningHours {
  return {
    zone: draft.zone,
    weekly: writeWeek(weekOf(draft)),
    holidays: draft.holidays.filter(({ date }) => date >= today),
    out_of_hours: { action: draft.action, text: draft.text.trim() },
    outbound_blocked: draft.outbound_blocked,
  };
}

/** What Meta has, too, and what is taken over from there. */
const AT_META = [...DAYS, "zone", "holidays"] as const;

const ZONES: string[] = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

function StatusNow({ status }: { status: OpenNow }) {
  const { t } = useTranslation("office");
  const locale = currentLocale();
  const change = status.open ? status.closes_at : status.opens_at;
  const when = (at: string) => {
    const day = new Date(at);
    const time = clockTime(at, locale);
    return sameDay(day, new Date()) ? time : `${day.toLocaleDateString(locale, { weekday: "long" })} ${time}`;
  };
  return (
    <div className={styles.status} data-open={status.open || undefined} data-testid="open-now">
      <p>{t("hours.customers_see")}</p>
      <p className={styles.statusWord}>
        {change === null
          ? t(status.open ? "hours.open" : "hours.closed")
          : t(status.open ? "hours.open_until" : "hours.closed_until", { time: when(change) })}
      </p>
      {change !== null && (
        <p>
          <Left until={change} />
        </p>
      )}
    </div>
  );
}

function DriftPanel(props: { drift: Drift[]; sending: boolean; onUseMetas: (() => void) | null; onSend: () => void }) {
  const { t } = useTranslation("office");
  const fieldName = useFieldName();
  const said = useHoursSaid();
  return (
    <section className={styles.drift} aria-label={t("hours.drift", { count: props.drift.length })} data-testid="drift">
      <CloudAlert size={20} strokeWidth={1.75} aria-hidden="true" />
      <div className={styles.driftWords}>
        <p className={styles.driftTitle}>{t("hours.drift", { count: props.drift.length })}</p>
        <dl>
          {props.drift.map((one) => (
            <div key={one.field}>
              <dt>{fieldName(one.field)}</dt>
              <dd>{t("hours.here", { hours: said(one.field, one.ours) })}</dd>
              <dd className={styles.metas}>{t("hours.at_meta", { hours: said(one.field, one.meta) })}</dd>
            </div>
          ))}
        </dl>
      </div>
      <div className={styles.driftActs}>
        {props.onUseMetas !== null && (
          <Button variant="default" onClick={props.onUseMetas}>
            {t("hours.use_metas")}
          </Button>
        )}
        <Button onClick={props.onSend} loading={props.sending}>
          {t("hours.send_ours")}
        </Button>
      </div>
    </section>
  );
}

function Form({ number, hours }: { number: NumberSettings; hours: NumberHours }) {
  const { t } = useTranslation("office");
  const refusal = useRefusal();
  const queries = useQueryClient();
  const saved = useMemo(() => draftOf(hours), [hours]);
  const draft = useDraft(saved);
  const { values, set } = draft;
  const [taking, setTaking] = useState(false);
  const clock = useNow() + phone.getState().offsetMs;
  const wall = wallClock(clock, values.zone);
  const status = useQuery({
    queryKey: ["number-open", number.id],
    queryFn: () => numbers.openNow(number.id),
    staleTime: 0,
    refetchInterval: 60_000,
  }).data;
  const atMeta = useQuery({
    queryKey: ["number-hours-meta", number.id],
    queryFn: () => numbers.hoursAtMeta(number.id),
    staleTime: 0,
  }).data;
  const week = weekOf(values);
  const metas = atMeta?.meta?.enabled === true ? weekOfMeta(atMeta.meta.weekly) : null;
  const wrong = DAYS.some((day) => week[day].some((_, index) => troubleOf(week[day], index) !== null));
  const learnt = (meta: HoursAtMeta) => {
    queries.setQueryData(["number-hours-meta", number.id], meta);
    toast({ message: t("hours.sent") });
  };
  const push = useMutation({ mutationFn: () => numbers.pushHours(number.id), onSuccess: learnt });
  const save = useMutation({
    mutationFn: async (toMeta: boolean) => {
      const now = await numbers.setHours(number.id, written(values, wall?.date ?? ""));
      queries.setQueryData(["number-hours", number.id], now);
      draft.discard();
      void queries.invalidateQueries({ queryKey: ["number-open", number.id] });
      if (toMeta) learnt(await numbers.pushHours(number.id));
      else {
        void queries.invalidateQueries({ queryKey: ["number-hours-meta", number.id] });
        toast({ message: t("hours.saved") });
      }
    },
  });
  const taken = (now: NumberHours) => {
    setTaking(false);
    queries.setQueryData(["number-hours", number.id], now);
    draft.discardOnly(AT_META);
    void queries.invalidateQueries({ queryKey: ["number-open", number.id] });
    void queries.invalidateQueries({ queryKey: ["number-hours-meta", number.id] });
    toast({ message: t("hours.taken") });
  };
  const failed = save.error ?? push.error;
  const known = atMeta?.meta ?? null;
  return (
    <>
      <PageHead
        title={t("number.hours")}
        actions={
          <SaveBar
            count={draft.count}
            saving={save.isPending}
            onSave={() => !wrong && save.mutate(true)}
            onDiscard={draft.discard}
            action={t("hours.save_and_send")}
            other={{ label: t("hours.save_here"), run: () => !wrong && save.mutate(false) }}
          />
        }
      >
        {t("number.hours_explain")}
      </PageHead>
      {failed !== null && (
        <p className={form.trouble} role="alert">
          {refusal(failed)}
        </p>
      )}
      {!hours.set && draft.count === 0 && (
        <div className={`${form.notice} ${form.between}`}>
          <span>{t("hours.not_set")}</span>
          <Button
            variant="default"
            onClick={() => {
              const day = [{ from: 9 * 60, to: 18 * 60 }];
              const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
              set({ zone, mon: day, tue: day, wed: day, thu: day, fri: day, sat: [], sun: [] });
            }}
          >
            {t("hours.start_usual")}
          </Button>
          {metas !== null && (
            <Button variant="default" onClick={() => setTaking(true)}>
              {t("hours.use_metas")}
            </Button>
          )}
        </div>
      )}
      {atMeta !== undefined && known !== null && hours.set && atMeta.drift.length > 0 && (
        <DriftPanel
          drift={atMeta.drift}
          sending={push.isPending}
          onUseMetas={metas === null ? null : () => setTaking(true)}
          onSend={() => push.mutate()}
        />
      )}
      {atMeta?.cannot_hold != null && hours.set && <CannotHold atMeta={atMeta} />}
      {taking && <TakeDialog number={number.id} onTaken={taken} onClose={() => setTaking(false)} />}
      <div className={styles.columns}>
        <section aria-label={t("hours.week")}>
          <div className={styles.weekHead}>
            <h2>{t("hours.week")}</h2>
            <Select
              className={styles.zone}
              aria-label={t("hours.zone")}
              searchable
              limit={60}
              data={ZONES.includes(values.zone) ? ZONES : [values.zone, ...ZONES]}
              value={values.zone}
              allowDeselect={false}
              onChange={(zone) => zone !== null && set({ zone })}
            />
            {wall !== null && (
              <span className="dim figures">{t("hours.there_now", { time: writeTime(wall.minute) })}</span>
            )}
          </div>
          <HoursEditor week={week} metas={metas} now={wall} onChange={(next) => set(next)} />
        </section>
        <div className={styles.right}>
          {status !== undefined && <StatusNow status={status} />}
          <Holidays
            holidays={values.holidays}
            missing={(atMeta?.drift ?? []).map(({ field }) => field.replace("holidays.", ""))}
            today={wall?.date ?? ""}
            onChange={(holidays) => set({ holidays })}
          />
          <WhenClosed values={values} onChange={set} />
        </div>
      </div>
    </>
  );
}

function CannotHold({ atMeta }: { atMeta: HoursAtMeta }) {
  const { t } = useTranslation("office");
  const own = useServerWords("office");
  const fieldName = useFieldName();
  if (atMeta.cannot_hold === null) return null;
  const { field, why, sentence } = atMeta.cannot_hold;
  return (
    <p className={form.warned} role="status">
      <span>
        {t("hours.cannot_hold")} {fieldName(field)}: {own(`hours.cannot_${why}`) ?? sentence}
      </span>
    </p>
  );
}

export function HoursSection({ number }: { number: NumberSettings }) {
  const query = useQuery({ queryKey: ["number-hours", number.id], queryFn: () => numbers.hours(number.id) });
  return <QueryView query={query}>{(hours) => <Form number={number} hours={hours} />}</QueryView>;
}
