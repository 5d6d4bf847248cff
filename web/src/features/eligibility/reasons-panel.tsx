/** Everything that stands in the way of a call at once, each with its way out; what was looked at and is fine stays folded. */
import "@mantine/core/styles/Checkbox.css";
import { Button, Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  ChevronDown,
  ChevronUp,
  CircleCheck,
  Clock,
  Hash,
  Phone,
  PhoneMissed,
  ShieldX,
  TriangleAlert,
  UserX,
} from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Left } from "../../components/left";
import { useMoment } from "../../components/time";
import type { Eligibility, EligibilityReason } from "../../lib/api-types";
import { meQuery } from "../../lib/session";
import { standing as standingOf } from "../../lib/softphone/standing";
import { usePhone } from "../../lib/softphone/use-phone";
import styles from "./eligibility.module.css";
import {
  filledOf,
  lookOf,
  type Overrides,
  ordered,
  overridesOf,
  passed,
  type ReasonLook,
  type RemedyName,
  type Rights,
  remedyOf,
} from "./reasons";
import { useSentence } from "./use-sentence";

const ICONS: Record<ReasonLook, typeof Clock> = {
  permission: ShieldX,
  unanswered: PhoneMissed,
  time: Clock,
  person: UserX,
  number: Hash,
};

function Row(props: {
  reason: EligibilityReason;
  blocks: boolean;
  filled: boolean;
  rights: Rights;
  onRemedy: (remedy: RemedyName, reason: EligibilityReason) => void;
  hint: ReactNode;
}) {
  const { t } = useTranslation("office");
  const { reason, blocks } = props;
  const offer = remedyOf(reason, props.rights);
  const sentence = useSentence();
  const Icon = blocks ? ICONS[lookOf(reason.code)] : TriangleAlert;
  return (
    <li className={styles.reason} data-blocks={blocks || undefined}>
      <Icon size={20} strokeWidth={1.75} aria-hidden="true" className={styles.icon} />
      <div className={styles.what}>
        <p className={styles.sentence}>
          {!blocks && <span className="sr-only">{t("elig.warning")} </span>}
          {sentence(reason)}
        </p>
        <p className={styles.code}>{reason.code}</p>
      </div>
      <div className={styles.out}>
        {offer.kind === "button" && (
          <Button
            variant={props.filled ? "filled" : "default"}
            onClick={() => props.onRemedy(offer.remedy, reason)}
            data-testid={`remedy-${offer.remedy}`}
          >
            {t(`elig.do_${offer.remedy}`)}
          </Button>
        )}
        {(offer.kind === "ask_admin" || offer.kind === "ask_supervisor") && (
          <span className="dim">{t(`elig.${offer.kind}`)}</span>
        )}
        {reason.until !== null && (
          <span className={styles.until}>
            <Left until={reason.until} />
          </span>
        )}
        {props.hint}
      </div>
    </li>
  );
}

function Passed({ verdict }: { verdict: Eligibility }) {
  const { t } = useTranslation("office");
  const [open, setOpen] = useState(false);
  const list = useId();
  const checks = passed(verdict);
  if (checks.length === 0) return null;
  const Arrow = open ? ChevronUp : ChevronDown;
  return (
    <div className={styles.passed}>
      <div className={styles.passedHead}>
        <span className={styles.fine}>
          <CircleCheck size={18} strokeWidth={1.75} aria-hidden="true" />
          {t("elig.passed", { count: checks.length })}
        </span>
        <Button
          variant="subtle"
          size="compact-sm"
          aria-expanded={open}
          aria-controls={list}
          rightSection={<Arrow size={16} strokeWidth={1.75} aria-hidden="true" />}
          onClick={() => setOpen(!open)}
        >
          {t(open ? "elig.show_less" : "elig.show_all")}
        </Button>
      </div>
      <ul id={list} hidden={!open} className={styles.checks}>
        {checks.map((check) => (
          <li key={check}>{t(`elig.check_${check}`)}</li>
        ))}
      </ul>
    </div>
  );
}

/** For those reasons that a person may pass: the words that have to be said, then the call. */
function Around(props: {
  needed: Overrides;
  /** Hours are passed by supervisors only. */
  urgently: boolean;
  calling: boolean;
  onCall: (overrides: Overrides) => void;
}) {
  const { t } = useTranslation("office");
  const [said, setSaid] = useState<Overrides>({ hours: false, confirm: false });
  if (props.needed.hours && !props.urgently) return <p className={styles.around}>{t("elig.urgent_supervisor")}</p>;
  const ready = (!props.needed.hours || said.hours) && (!props.needed.confirm || said.confirm);
  return (
    <div className={styles.around}>
      <div className={styles.said}>
        {props.needed.hours && (
          <Checkbox
            label={t("elig.urgent")}
            description={t("elig.urgent_hint")}
            checked={said.hours}
            onChange={(event) => setSaid({ ...said, hours: event.currentTarget.checked })}
          />
        )}
        {props.needed.confirm && (
          <Checkbox
            label={t("elig.confirm")}
            description={t("elig.confirm_hint")}
            checked={said.confirm}
            onChange={(event) => setSaid({ ...said, confirm: event.currentTarget.checked })}
          />
        )}
      </div>
      {ready && (
        <Button
          className={styles.call}
          leftSection={<Phone size={18} strokeWidth={1.75} aria-hidden="true" />}
          loading={props.calling}
          onClick={() => props.onCall({ hours: props.needed.hours, confirm: props.needed.confirm })}
        >
          {t("elig.call")}
        </Button>
      )}
    </div>
  );
}

/** Why I cannot speak, which only this page knows: my microphone, my line, my call. */
function useMine(inCall: boolean): string | null {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const standing = usePhone(standingOf);
  if (inCall) return t("elig.in_call");
  return standing === "ready" ? null : common(`cradle.${standing}`);
}

export function ReasonsPanel(props: {
  id?: string;
  verdict: Eligibility;
  otherNumbers: boolean;
  calling: boolean;
  onRemedy: (remedy: RemedyName, reason: EligibilityReason) => void;
  onCall: (overrides: Overrides) => void;
  /** A line under a remedy, e.g. how often was asked. */
  hintOf?: (reason: EligibilityReason) => ReactNode;
}) {
  const { t } = useTranslation("office");
  const moment = useMoment();
  const heading = useId();
  const can = useQuery(meQuery).data?.can;
  const { verdict } = props;
  const rights = {
    administer: can?.administer === true,
    supervise: can?.supervise === true,
    otherNumbers: props.otherNumbers,
    inCall: usePhone((state) => state.myCall !== null),
  };
  const mine = useMine(rights.inCall);
  const hintOf = (reason: EligibilityReason) =>
    reason.remedy !== "become_available"
      ? props.hintOf?.(reason)
      : mine !== null && <span className="dim">{mine}</span>;
  const filled = filledOf(verdict, rights);
  const needed = overridesOf(verdict);
  return (
    <section className={styles.panel} id={props.id} aria-labelledby={heading} data-testid="reasons">
      <h2 id={heading}>
        {verdict.reasons.length === 0 ? t("elig.free") : t("elig.in_the_way", { count: verdict.reasons.length })}
      </h2>
      <p className={styles.checked}>
        {t("elig.checked_for", { line: verdict.number.name, time: moment(verdict.checked_at) })}
        {verdict.reasons.length > 0 && needed === null && ` ${t("elig.no_way_around")}`}
      </p>
      <ol className={styles.reasons}>
        {ordered(verdict).map(({ reason, blocks }) => (
          <Row
            key={reason.code}
            reason={reason}
            blocks={blocks}
            filled={reason.code === filled}
            rights={rights}
            onRemedy={props.onRemedy}
            hint={hintOf(reason)}
          />
        ))}
      </ol>
      {needed !== null && (
        <Around needed={needed} urgently={rights.supervise} calling={props.calling} onCall={props.onCall} />
      )}
      <Passed verdict={verdict} />
    </section>
  );
}
