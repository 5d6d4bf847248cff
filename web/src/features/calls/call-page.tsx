/** One call: who, what became of it and why, its flight record and its sound. */
import { Button, Skeleton } from "@mantine/core";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { CordState } from "../../components/cord-state";
import { CallState } from "../../components/line-lamp";
import { PageHead } from "../../components/page-head";
import { ApiError } from "../../lib/api";
import type { CallDetail } from "../../lib/api-types";
import { callerName, country, exactTime, listTime } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { CallFacts } from "./call-facts";
import { CallLadder } from "./call-ladder";
import styles from "./call-page.module.css";
import { CallDuration } from "./call-row";
import { CallSound } from "./call-sound";
import { DirectionIcon } from "./direction-icon";
import { useReason } from "./reason";
import { useCall } from "./use-calls";

const QUIET_REASONS = ["customer_hung_up", "agent_hung_up"];

function Why({ call }: { call: CallDetail }) {
  const { t } = useTranslation("office");
  const reason = useReason();
  if (call.end_reason === null && call.error === null) return null;
  const text = reason(call.end_reason);
  if (call.error === null && call.end_reason !== null && QUIET_REASONS.includes(call.end_reason)) {
    return <p className={styles.quiet}>{text}</p>;
  }
  const bad = call.status === "failed";
  return (
    <section className={styles.why} data-tone={bad ? "bad" : "warn"} data-testid="why">
      <TriangleAlert size={22} strokeWidth={1.75} aria-hidden="true" />
      <div>
        <p className={styles.sentence}>{text}</p>
        {call.error?.message != null && <p>{t("detail.meta_said", { message: call.error.message })}</p>}
        {call.error?.code != null && <p className={styles.code}>{t("detail.error_code", { code: call.error.code })}</p>}
      </div>
    </section>
  );
}

function Head({ call, actions }: { call: CallDetail; actions: ReactNode }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const language = currentLocale();
  const known = callerName(call);
  const place = country(call.caller.country, language);
  const at = call.offered_at ?? call.ended_at;
  const words = { today: common("app.today"), yesterday: common("app.yesterday") };
  const time = at === null ? "—" : listTime(at, new Date(), language, words);
  return (
    <PageHead
      title={known ?? common("calls.unknown")}
      before={<Avatar name={known} size={52} />}
      actions={
        <>
          <CallState status={call.status} />
          {actions}
        </>
      }
    >
      <span className={styles.facts}>
        <span>
          <DirectionIcon call={call} size={15} />
          <span title={at === null ? undefined : exactTime(at, language)}>
            {t(`detail.${call.direction}`, { time })}
          </span>
        </span>
        {call.caller.phone !== null && known !== call.caller.phone && (
          <span className="figures">{call.caller.phone}</span>
        )}
        {place !== null && <span>{place}</span>}
        <span>{call.number.name}</span>
        {call.answered_by !== null && <span>{call.answered_by.name}</span>}
        {call.answered_at !== null && (
          <span className="figures">
            <CallDuration call={call} />
          </span>
        )}
      </span>
    </PageHead>
  );
}

export function CallPage(props: {
  /** What else may be done about the call, and what was kept of it: other subjects, joined by the page's route. */
  actions: (call: CallDetail) => ReactNode;
  recordings: (call: CallDetail) => ReactNode;
}) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const { id } = useParams({ from: "/shell/calls/$id" });
  const search = useSearch({ from: "/shell/calls/$id" });
  const query = useCall(id);
  const back = (
    <Link to="/calls" search={search} className={styles.back}>
      <ArrowLeft size={16} strokeWidth={1.75} aria-hidden="true" />
      {common("calls.back")}
    </Link>
  );
  if (query.isPending) {
    return (
      <div role="status" aria-label={common("app.loading")}>
        {back}
        <Skeleton height={52} mb={20} />
        <Skeleton height={320} />
      </div>
    );
  }
  if (query.data === undefined) {
    const gone = query.error instanceof ApiError && query.error.status === 404;
    return (
      <>
        {back}
        <CordState
          kind={gone ? "filtered" : "error"}
          heading="h1"
          title={t(gone ? "detail.not_found_title" : "detail.error_title")}
          actions={!gone && <Button onClick={() => void query.refetch()}>{common("calls.try_again")}</Button>}
        >
          {t(gone ? "detail.not_found" : "detail.error")}
        </CordState>
      </>
    );
  }
  const call = query.data;
  return (
    <>
      {back}
      <Head call={call} actions={props.actions(call)} />
      <Why call={call} />
      <div className={styles.columns}>
        <div>
          {props.recordings(call)}
          <CallLadder call={call} />
        </div>
        <div className={styles.right}>
          <CallSound quality={call.quality} />
          <CallFacts call={call} />
        </div>
      </div>
    </>
  );
}
