/** Days with hours of their own. */
import { Button, CloseButton, Modal, Switch, TextInput } from "@mantine/core";
import { CloudAlert, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import { currentLocale } from "../../lib/i18n";
import type { HolidayHours } from "./api";
import { META_HOLIDAYS, type Range, readRanges, troubleOf, withAnother, writeRanges, writeTime } from "./hours";
import { RangeFields } from "./hours-editor";
import styles from "./hours-section.module.css";

function dayWords(date: string): string {
  const day = new Date(`${date}T12:00:00`);
  return Number.isNaN(day.getTime())
    ? date
    : day.toLocaleDateString(currentLocale(), { day: "numeric", month: "short", year: "numeric" });
}

function HolidayDialog(props: {
  today: string;
  taken: string[];
  onAdd: (holiday: HolidayHours) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const [date, setDate] = useState("");
  const [name, setName] = useState("");
  const [ranges, setRanges] = useState<Range[]>([]);
  const [checked, setChecked] = useState(false);
  const trouble =
    date === ""
      ? common("welcome.missing")
      : date < props.today
        ? t("hours.refused_past")
        : props.taken.includes(date)
          ? t("hours.refused_twice")
          : null;
  const wrong = ranges.some((_, index) => troubleOf(ranges, index) !== null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (trouble !== null || wrong) return;
    props.onAdd({ date, name: name.trim(), ranges: writeRanges(ranges) });
    props.onClose();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("hours.holiday_add")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={form.fields} onSubmit={submit} noValidate>
        <TextInput
          label={t("hours.holiday_date")}
          type="date"
          min={props.today}
          value={date}
          error={checked ? trouble : undefined}
          data-autofocus
          onChange={(event) => setDate(event.currentTarget.value)}
        />
        <TextInput
          label={t("hours.holiday_name")}
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Switch
          label={t("hours.holiday_closed")}
          checked={ranges.length === 0}
          onChange={(event) => setRanges(event.currentTarget.checked ? [] : withAnother([]))}
        />
        {ranges.length > 0 && <RangeFields day={t("hours.holiday")} ranges={ranges} onChange={setRanges} />}
        <div className={form.buttons}>
          <Button variant="default" onClick={props.onClose}>
            {common("app.cancel")}
          </Button>
          <Button type="submit">{t("hours.holiday_add")}</Button>
        </div>
      </form>
    </Modal>
  );
}

export function Holidays(props: {
  holidays: HolidayHours[];
  /** Dates that Meta has not, or has otherwise. */
  missing: string[];
  today: string;
  onChange: (holidays: HolidayHours[]) => void;
}) {
  const { t } = useTranslation("office");
  const [adding, setAdding] = useState(false);
  const coming = props.holidays.filter(({ date }) => date >= props.today);
  const ranges = (holiday: HolidayHours) =>
    readRanges(holiday.ranges).length === 0
      ? t("hours.closed")
      : readRanges(holiday.ranges)
          .map(({ from, to }) => `${writeTime(from)} – ${writeTime(to)}`)
          .join(", ");
  return (
    <section aria-label={t("hours.holidays")}>
      <div className={styles.partHead}>
        <h2>{t("hours.holidays")}</h2>
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<Plus size={16} strokeWidth={1.75} aria-hidden="true" />}
          onClick={() => setAdding(true)}
        >
          {t("hours.add")}
        </Button>
      </div>
      {coming.length === 0 ? (
        <p className="dim">{t("hours.no_holidays")}</p>
      ) : (
        <ul className={styles.holidays}>
          {coming.map((holiday) => (
            <li key={holiday.date}>
              <span className={styles.holidayWords}>
                <span className={styles.holidayDate}>{dayWords(holiday.date)}</span>
                <span className={styles.holidayName}>{holiday.name}</span>
                {props.missing.includes(holiday.date) && (
                  <span className={styles.missing}>
                    <CloudAlert size={14} strokeWidth={1.75} aria-hidden="true" />
                    {t("hours.differs")}
                  </span>
                )}
              </span>
              <span className="figures">{ranges(holiday)}</span>
              <CloseButton
                size="sm"
                aria-label={t("hours.holiday_remove", { day: dayWords(holiday.date) })}
                onClick={() => props.onChange(props.holidays.filter(({ date }) => date !== holiday.date))}
              />
            </li>
          ))}
        </ul>
      )}
      {coming.length > META_HOLIDAYS && <p className={styles.warn}>{t("hours.cannot_too_many_holidays")}</p>}
      {adding && (
        <HolidayDialog
          today={props.today}
          taken={props.holidays.map(({ date }) => date)}
          onAdd={(holiday) => props.onChange([...props.holidays, holiday].sort((a, b) => (a.date < b.date ? -1 : 1)))}
          onClose={() => setAdding(false)}
        />
      )}
    </section>
  );
}
