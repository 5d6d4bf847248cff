/** Asks before Meta's hours take the place of ours, and shows what changes. */
import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import { useServerWords } from "../../lib/i18n";
import { type HoursAtMeta, type NumberHours, numbers } from "./api";
import styles from "./hours-section.module.css";
import { useFieldName, useHoursSaid, useRefusal } from "./hours-words";

function Changes({ atMeta }: { atMeta: HoursAtMeta }) {
  const { t } = useTranslation("office");
  const fieldName = useFieldName();
  const said = useHoursSaid();
  const own = useServerWords("office");
  const { taking } = atMeta;
  if (taking === null) return <p>{t("trouble.no_hours_at_meta")}</p>;
  if (taking.refused_field != null) {
    const why = own(`hours.refused_${taking.refused_why}`) ?? taking.refused_why;
    return (
      <p>
        {fieldName(taking.refused_field)}: {why}
      </p>
    );
  }
  if (taking.changes.length === 0) return <p>{t("hours.taking_nothing")}</p>;
  return (
    <>
      <p>{t("hours.taking_changes", { count: taking.changes.length })}</p>
      <dl className={styles.taking} data-testid="taking">
        {taking.changes.map((one) => (
          <div key={one.field} className={styles.takingRow}>
            <dt>{fieldName(one.field)}</dt>
            <dd className={styles.metas}>{said(one.field, one.ours)}</dd>
            <dd>{said(one.field, one.meta)}</dd>
          </div>
        ))}
      </dl>
      <p>{t("hours.taking_stays")}</p>
    </>
  );
}

export function TakeDialog(props: { number: string; onTaken: (hours: NumberHours) => void; onClose: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const refusal = useRefusal();
  // What Meta has at this moment, and not what was read some hours ago.
  const atMeta = useQuery({
    queryKey: ["number-hours-taking", props.number],
    queryFn: async () => {
      await numbers.readCalling(props.number);
      return numbers.hoursAtMeta(props.number);
    },
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const take = useMutation({ mutationFn: () => numbers.takeHours(props.number), onSuccess: props.onTaken });
  const taking = atMeta.data?.taking;
  const changes = taking != null && taking.changes.length > 0;
  const trouble = take.error ?? atMeta.error;
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t("hours.take_title")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <div className={form.fields}>
        <div className={form.cost}>
          {atMeta.data === undefined ? (
            atMeta.isPending && <p role="status">{t("hours.taking_reading")}</p>
          ) : (
            <Changes atMeta={atMeta.data} />
          )}
        </div>
        {trouble !== null && (
          <p className={form.trouble} role="alert">
            {refusal(trouble)}
          </p>
        )}
        <div className={form.buttons}>
          <Button variant="default" onClick={props.onClose} data-autofocus>
            {common("app.cancel")}
          </Button>
          <Button
            className={form.destructive}
            disabled={!changes}
            loading={take.isPending}
            onClick={() => take.mutate()}
          >
            {t("hours.take")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
