/** The flight record, drawn; the same content as a list for screen readers and as text for a colleague. */
import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallDetail } from "../../lib/api-types";
import { recordTime } from "../../lib/format";
import { after, type Lifeline, personOf, type Rung, rungs } from "../../lib/ladder";
import { playhead, useReached } from "../../lib/playhead";
import { usePhone } from "../../lib/softphone/use-phone";
import { toast } from "../../lib/toast";
import styles from "./call-ladder.module.css";
import { useEventWords } from "./event-words";

const STEP = 52;
const TOP = 52;
const X: Record<Lifeline, number> = { whatsapp: 190, switchboard: 400, agent: 610 };
const WIDTH = 700;
const COLOR = { plain: "var(--ink2)", good: "var(--ok)", bad: "var(--bad)" };

function Arrow({ rung, y, words }: { rung: Rung; y: number; words: string }) {
  const color = COLOR[rung.tone];
  const text = rung.tone === "plain" ? "var(--ink)" : rung.tone === "good" ? "var(--ok-text)" : "var(--bad-text)";
  const detail = rung.detail !== null && (
    <text className={styles.detail} textAnchor="middle" y={y + 17}>
      {rung.detail.slice(0, 44)}
    </text>
  );
  if (rung.from === rung.to) {
    const x = X[rung.from];
    return (
      <g>
        <rect
          className={styles.note}
          data-tone={rung.tone}
          x={x - 110}
          y={y - 14}
          width="220"
          height="28"
          rx="6"
          strokeDasharray={rung.tone === "bad" ? "4 3" : undefined}
        />
        <text textAnchor="middle" x={x} y={y + 4.5} fill={text}>
          {words}
          {rung.detail !== null && <tspan className={styles.detail}> {rung.detail.slice(0, 22)}</tspan>}
        </text>
      </g>
    );
  }
  const from = X[rung.from];
  const to = X[rung.to];
  const way = to > from ? 1 : -1;
  const end = to - way * 5;
  return (
    <g>
      <path d={`M${from + way * 5} ${y}H${end}`} stroke={color} strokeWidth="1.5" />
      <path d={`m${end - way * 6} ${y - 3.6} ${way * 6} 3.6 ${-way * 6} 3.6z`} fill={color} />
      <circle cx={from} cy={y} r="4" fill="var(--sheet)" stroke={color} strokeWidth="2" />
      <g transform={`translate(${(from + to) / 2} 0)`}>
        <text className={styles.words} textAnchor="middle" y={y - 6} fill={text}>
          {words}
        </text>
        {detail}
      </g>
    </g>
  );
}

function useNames(call: CallDetail): Record<string, string> {
  const presence = usePhone((state) => state.presence);
  return useMemo(() => {
    const names: Record<string, string> = {};
    for (const [id, { name }] of Object.entries(presence)) names[id] = name;
    for (const person of [...call.ringing, ...(call.answered_by === null ? [] : [call.answered_by])]) {
      names[person.id] = person.name;
    }
    return names;
  }, [presence, call]);
}

export function CallLadder({ call }: { call: CallDetail }) {
  const { t } = useTranslation("office");
  const wordsOf = useEventWords();
  const names = useNames(call);
  const [all, setAll] = useState(false);
  const every = useMemo(() => rungs(call.events), [call.events]);
  const shown = useMemo(() => (all ? every : every.filter((rung) => rung.key)), [all, every]);
  const said = (rung: Rung) => wordsOf(rung.kind, rung.data, personOf(rung.data, names));
  const moments = useMemo(() => shown.map((rung) => Date.parse(rung.at)), [shown]);
  const now = useReached(moments);
  const time = (rung: Rung, index: number) => (index === 0 ? recordTime(rung.at) : after(rung.afterMs));
  const heads: Record<Lifeline, string> = {
    whatsapp: t("detail.whatsapp"),
    switchboard: "Switchboard",
    agent: call.answered_by === null ? t("detail.agents") : t("detail.browser", { name: call.answered_by.name }),
  };
  const copy = async () => {
    const lines = every.map(
      (rung, index) =>
        `${time(rung, index).padStart(13)}  ${heads[rung.from]}${rung.from === rung.to ? "" : ` → ${heads[rung.to]}`}: ${said(rung)}${rung.detail === null ? "" : ` (${rung.detail})`}`,
    );
    await navigator.clipboard?.writeText([`${t("detail.id")} ${call.id}`, ...lines].join("\n"));
    toast({ message: t("detail.copied"), autoClose: 2000 });
  };
  const height = TOP + shown.length * STEP + 8;
  return (
    <section className={styles.card} aria-label={t("detail.record")}>
      <header className={styles.top}>
        <h2>{t("detail.record")}</h2>
        <span className="dim">{t("detail.record_count", { shown: shown.length, total: every.length })}</span>
        {every.some((rung) => !rung.key) && (
          <Button variant="subtle" size="compact-sm" onClick={() => setAll(!all)}>
            {t(all ? "detail.show_key" : "detail.show_all")}
          </Button>
        )}
        <Button variant="subtle" size="compact-sm" onClick={() => void copy()}>
          {t("detail.copy")}
        </Button>
      </header>
      {every.length === 0 ? (
        <p className="dim">{t("detail.no_events")}</p>
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than its place is scrolled by the keys, too. */}
          <section className={styles.scroll} tabIndex={0} aria-label={t("detail.record")}>
            <svg className={styles.ladder} viewBox={`0 0 ${WIDTH} ${height}`} aria-hidden="true">
              {(Object.keys(X) as Lifeline[]).map((line) => (
                <g key={line}>
                  <path d={`M${X[line]} 30V${height}`} stroke="var(--line2)" strokeWidth="2" />
                  <rect
                    className={styles.headBox}
                    data-ours={line === "switchboard" || undefined}
                    x={X[line] - 76}
                    y="0"
                    width="152"
                    height="30"
                    rx="7"
                  />
                  <text className={styles.headWord} textAnchor="middle" x={X[line]} y="20">
                    {heads[line].slice(0, 22)}
                  </text>
                </g>
              ))}
              {shown.map((rung, index) => (
                // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse only; the keyboard has the slider of the player.
                <g key={rung.seq} onClick={() => playhead.choose(Date.parse(rung.at))}>
                  <rect
                    className={styles.heard}
                    data-now={index === now || undefined}
                    x="12"
                    y={TOP + index * STEP - 12}
                    width={WIDTH - 24}
                    height={STEP - 2}
                    rx="8"
                  />
                  <text className={styles.time} textAnchor="end" x="104" y={TOP + index * STEP + 16}>
                    {time(rung, index)}
                  </text>
                  <Arrow rung={rung} y={TOP + index * STEP + 12} words={said(rung)} />
                </g>
              ))}
            </svg>
          </section>
          <ol className={styles.list} aria-label={t("detail.list_label")}>
            {shown.map((rung, index) => (
              <li key={rung.seq}>
                <span className="mono">{time(rung, index)}</span>
                <span>
                  {heads[rung.from]}
                  {rung.from !== rung.to && ` → ${heads[rung.to]}`}: <strong>{said(rung)}</strong>
                  {rung.detail !== null && ` ${rung.detail}`}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
