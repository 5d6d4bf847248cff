/** The recordings of a call, each in its state: going on, being finished, ready, failed, deleted. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { LineLamp } from "../../components/line-lamp";
import { useTime } from "../../components/time";
import type { Recording } from "../../lib/api-types";
import { useServerWords } from "../../lib/i18n";
import { meQuery } from "../../lib/session";
import { recordings } from "./api";
import { Player } from "./player";
import styles from "./recordings.module.css";

function Words({ recording }: { recording: Recording }) {
  const { t } = useTranslation("office");
  switch (recording.state) {
    case "recording":
      return (
        <p className={styles.live}>
          <LineLamp state="ended" size={16} />
          {t("recording.going_on")}
        </p>
      );
    case "paused":
      return <p>{t("recording.is_paused")}</p>;
    case "processing":
      return <p role="status">{t("recording.processing")}</p>;
    case "failed":
      return <p className={styles.failed}>{t("recording.failed")}</p>;
    case "deleted":
      return <p className="dim">{t("recording.deleted")}</p>;
    case "ready":
      return null;
  }
}

function Failure({ code }: { code: string }) {
  const { t } = useTranslation("office");
  const words = useServerWords("office");
  return (
    <p className={styles.failed}>
      {words(`recording.failure_${code}`) ?? t("recording.incomplete")} <span className="mono dim">{code}</span>
    </p>
  );
}

export function RecordingCard(props: {
  callId: string;
  recordings: Recording[];
  names: { customer: string; agent: string | null };
}) {
  const { t } = useTranslation("office");
  const time = useTime();
  const queries = useQueryClient();
  const can = useQuery(meQuery).data?.can;
  const [deleting, setDeleting] = useState<Recording | null>(null);
  const several = props.recordings.length > 1;
  // A call that was never recorded says nothing about it.
  if (props.recordings.length === 0) return null;
  return (
    <section className={styles.card} aria-label={t("recording.title")} data-testid="recording">
      <h2>{t("recording.title")}</h2>
      {props.recordings.map((recording) => (
        <div key={recording.id} className={styles.one} data-state={recording.state}>
          {several && <p className="dim">{time(recording.started_at)}</p>}
          <Words recording={recording} />
          {recording.failure !== null && recording.state !== "deleted" && <Failure code={recording.failure} />}
          {recording.state === "ready" && (
            <Player
              recording={recording}
              names={{ customer: props.names.customer, agent: props.names.agent ?? t("recording.us") }}
              onDelete={can?.administer === true ? () => setDeleting(recording) : null}
            />
          )}
        </div>
      ))}
      {deleting !== null && (
        <ConfirmDialog
          title={t("recording.delete_title")}
          action={t("recording.delete")}
          run={() =>
            recordings.remove(deleting.id).then(() => queries.invalidateQueries({ queryKey: ["call", props.callId] }))
          }
          onClose={() => setDeleting(null)}
        >
          <p>{t("recording.delete_cost", { name: props.names.customer })}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
