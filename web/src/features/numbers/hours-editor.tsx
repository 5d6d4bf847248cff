/**
 * Seven rows: a switch, a track with the ranges of the day, and their times. Dragging an edge and typing its time are equals; the arrow
 * keys move an edge by a quarter of an hour. Where Meta has other hours, they stand as a dotted line below the track.
 */
import { ActionIcon, Menu, Switch } from "@mantine/core";
import { EllipsisVertical } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { decimal } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import {
  copied,
  DAYS,
  type DayName,
  type Edge,
  hoursOf,
  MIDNIGHT,
  MOST_RANGES,
  minuteAt,
  moved,
  placeOf,
  type Range,
  reach,
  readTime,
  STEP,
  sameRanges,
  ticks,
  troubleOf,
  WEEKDAYS,
  type Week,
  withAnother,
  without,
  writeTime,
  type Zoom,
  zoomOf,
} from "./hours";
import styles from "./hours-editor.module.css";

export function useDayName(): (day: DayName) => string {
  const { t } = useTranslation("office");
  return (day) => t(`hours.${day}`);
}

function Grip(props: {
  ranges: Range[];
  index: number;
  edge: Edge;
  zoom: Zoom;
  label: string;
  onChange: (ranges: Range[]) => void;
}) {
  const { ranges, index, edge, zoom } = props;
  const range = ranges[index];
  const dragging = useRef(false);
  if (range === undefined) return null;
  const minute = range[edge];
  const [least, most] = reach(ranges, index, edge);
  const to = (next: number) => {
    if (next !== minute) props.onChange(moved(ranges, index, edge, next));
  };
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: -STEP,
      ArrowDown: -STEP,
      ArrowRight: STEP,
      ArrowUp: STEP,
      PageDown: -60,
      PageUp: 60,
      Home: -MIDNIGHT,
      End: MIDNIGHT,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    to(minute + step);
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    const track = event.currentTarget.closest("[data-track]")?.getBoundingClientRect();
    if (!dragging.current || track === undefined || track.width === 0) return;
    to(minuteAt(((event.clientX - track.left) / track.width) * 100, zoom));
  };
  return (
    <span
      className={styles.grip}
      data-edge={edge}
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={minute}
      aria-valuetext={writeTime(minute)}
      onKeyDown={key}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={drag}
      onPointerUp={() => {
        dragging.current = false;
      }}
      onPointerCancel={() => {
        dragging.current = false;
      }}
    />
  );
}

/** A time as text; it counts when it is left or Enter is pressed. What is no time goes back to what it was. */
function TimeField(props: {
  label: string;
  minute: number;
  end: boolean;
  bad: boolean;
  onChange: (minute: number) => void;
}) {
  const [text, setText] = useState(writeTime(props.minute));
  useEffect(() => setText(writeTime(props.minute)), [props.minute]);
  const commit = () => {
    const read = readTime(text, props.end);
    if (read === null) setText(writeTime(props.minute));
    else {
      setText(writeTime(read));
      if (read !== props.minute) props.onChange(read);
    }
  };
  return (
    <input
      className={styles.time}
      aria-label={props.label}
      aria-invalid={props.bad || undefined}
      inputMode="numeric"
      maxLength={6}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        commit();
      }}
    />
  );
}

export function RangeFields(props: { day: string; ranges: Range[]; onChange: (ranges: Range[]) => void }) {
  const { t } = useTranslation("office");
  const { ranges } = props;
  const trouble = ranges.map((_, index) => troubleOf(ranges, index)).find((each) => each !== null) ?? null;
  const change = (index: number, edge: Edge, minute: number) =>
    props.onChange(ranges.map((range, at) => (at === index ? { ...range, [edge]: minute } : range)));
  return (
    <div className={styles.times}>
      {ranges.map((range, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a range is known by its place in the day.
        <span key={index} className={styles.pair} data-bad={troubleOf(ranges, index) !== null || undefined}>
          <TimeField
            label={t("hours.from_of", { day: props.day, number: index + 1 })}
            minute={range.from}
            end={false}
            bad={troubleOf(ranges, index) !== null}
            onChange={(minute) => change(index, "from", minute)}
          />
          <span aria-hidden="true">–</span>
          <TimeField
            label={t("hours.to_of", { day: props.day, number: index + 1 })}
            minute={range.to}
            end
            bad={troubleOf(ranges, index) !== null}
            onChange={(minute) => change(index, "to", minute)}
          />
        </span>
      ))}
      {trouble !== null && (
        <span className={styles.wrong} role="alert">
          {t(`hours.wrong_${trouble}`)}
        </span>
      )}
    </div>
  );
}

function Row(props: {
  day: DayName;
  ranges: Range[];
  metas: Range[] | null;
  zoom: Zoom;
  now: number | null;
  onChange: (ranges: Range[]) => void;
  onCopy: (to: readonly DayName[]) => void;
}) {
  const { t } = useTranslation("office");
  const dayName = useDayName();
  const { ranges, zoom, metas } = props;
  const name = dayName(props.day);
  const open = ranges.length > 0;
  const kept = useRef<Range[]>([]);
  const place = (minute: number) => Math.min(100, Math.max(0, placeOf(minute, zoom)));
  const differs = metas !== null && !sameRanges(metas, ranges);
  return (
    <fieldset className={styles.row} aria-label={name}>
      <Switch
        className={styles.switch}
        label={name}
        checked={open}
        onChange={() => {
          if (open) kept.current = ranges;
          props.onChange(open ? [] : kept.current.length > 0 ? kept.current : withAnother([]));
        }}
      />
      <div className={styles.track} data-track="" data-now={props.now !== null || undefined}>
        {ticks(zoom).map((hour) => (
          <span key={hour} className={styles.tick} style={{ left: `${place(hour * 60)}%` }} />
        ))}
        {!open && <span className={styles.closed}>{t("hours.closed_all_day")}</span>}
        {ranges.map((range, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a range is known by its place in the day.
            key={index}
            className={styles.block}
            data-bad={troubleOf(ranges, index) !== null || undefined}
            style={{ left: `${place(range.from)}%`, width: `${Math.max(1, place(range.to) - place(range.from))}%` }}
          >
            <Grip
              ranges={ranges}
              index={index}
              edge="from"
              zoom={zoom}
              label={t("hours.from_of", { day: name, number: index + 1 })}
              onChange={props.onChange}
            />
            <span className={styles.length}>
              {t("hours.length", { hours: decimal(hoursOf(range), currentLocale()) })}
            </span>
            <Grip
              ranges={ranges}
              index={index}
              edge="to"
              zoom={zoom}
              label={t("hours.to_of", { day: name, number: index + 1 })}
              onChange={props.onChange}
            />
          </span>
        ))}
        {props.now !== null && (
          <span className={styles.now} style={{ left: `${place(props.now)}%` }} title={t("hours.now")} />
        )}
        {differs &&
          metas.map((range) => (
            <span
              key={`${range.from}-${range.to}`}
              className={styles.meta}
              style={{ left: `${place(range.from)}%`, width: `${place(range.to) - place(range.from)}%` }}
            />
          ))}
      </div>
      <RangeFields day={name} ranges={ranges} onChange={props.onChange} />
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={36} aria-label={t("people.actions_of", { name })}>
            <EllipsisVertical size={18} strokeWidth={1.75} color="var(--ink2)" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={ranges.length >= MOST_RANGES} onClick={() => props.onChange(withAnother(ranges))}>
            {t("hours.add_range")}
          </Menu.Item>
          {ranges.map((range, index) => (
            <Menu.Item key={`${range.from}-${range.to}`} onClick={() => props.onChange(without(ranges, index))}>
              {t("hours.remove_range", { range: `${writeTime(range.from)} – ${writeTime(range.to)}` })}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => props.onCopy(WEEKDAYS)}>{t("hours.copy_weekdays")}</Menu.Item>
          <Menu.Item onClick={() => props.onCopy(DAYS)}>{t("hours.copy_all")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </fieldset>
  );
}

export function HoursEditor(props: {
  week: Week;
  metas: Week | null;
  /** The clock on the wall of the zone. */
  now: { day: DayName; minute: number } | null;
  onChange: (week: Week) => void;
}) {
  const { t } = useTranslation("office");
  const { week, metas } = props;
  // While an edge is dragged the picture stands still: it only ever grows until the page is left.
  const wanted = useMemo(() => zoomOf(metas === null ? [week] : [week, metas]), [week, metas]);
  const [zoom, setZoom] = useState(wanted);
  useEffect(
    () =>
      setZoom((before) => {
        const next = { from: Math.min(before.from, wanted.from), to: Math.max(before.to, wanted.to) };
        return next.from === before.from && next.to === before.to ? before : next;
      }),
    [wanted],
  );
  return (
    <div className={styles.editor}>
      <div className={styles.axis} aria-hidden="true">
        <span />
        <span className={styles.scale}>
          {ticks(zoom).map((hour) => (
            <span key={hour} style={{ left: `${placeOf(hour * 60, zoom)}%` }}>
              {hour}
            </span>
          ))}
        </span>
      </div>
      {DAYS.map((day) => (
        <Row
          key={day}
          day={day}
          ranges={week[day]}
          metas={metas?.[day] ?? null}
          zoom={zoom}
          now={props.now?.day === day ? props.now.minute : null}
          onChange={(ranges) => props.onChange({ ...week, [day]: ranges })}
          onCopy={(to) => props.onChange(copied(week, day, to))}
        />
      ))}
      <p className={styles.legend}>
        {metas !== null && (
          <span>
            <span className={styles.swatch} aria-hidden="true" />
            {t("hours.metas")}
          </span>
        )}
        <span>{t("hours.how")}</span>
      </p>
    </div>
  );
}
