/** How the sound of this number's calls is encrypted and coded towards WhatsApp: both sides must agree. */
import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/Radio.css";
import { Checkbox, Radio } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { SaveBar } from "../../components/save-bar";
import type { NumberSettings } from "../../lib/api-types";
import { useDraft } from "../../lib/draft";
import type { Calling } from "./api";
import { CallingDrift, changesFrom } from "./meta-panels";
import { useCalling, useMetaTrouble, useToMeta } from "./use-calling";

const EXCHANGES = ["dtls", "sdes"] as const;
const CODECS = ["pcmu", "pcma"] as const;
const FIELDS = ["codecs", "srtp"];

function Form({ number, calling }: { number: NumberSettings; calling: Calling }) {
  const { t } = useTranslation("office");
  const trouble = useMetaTrouble();
  const saved = useMemo(
    () => ({ srtp: calling.ours.srtp, codecs: calling.ours.codecs }),
    [calling.ours.srtp, calling.ours.codecs],
  );
  const draft = useDraft(saved);
  const { values, set } = draft;
  const { save, failed } = useToMeta(number, draft.discard);
  const drift = calling.drift.filter(({ field }) => FIELDS.includes(field));
  const fields = drift.map(({ field }) => field);
  return (
    <>
      <PageHead
        title={t("number.connection")}
        actions={
          <SaveBar
            count={draft.count}
            saving={save.isPending}
            onSave={() => save.mutate(draft.changes)}
            onDiscard={draft.discard}
            action={t("hours.save_and_send")}
          />
        }
      >
        {t("number.connection_explain")}
      </PageHead>
      {failed !== null && (
        <p className={styles.trouble} role="alert">
          {trouble(failed)}
        </p>
      )}
      <CallingDrift
        drift={drift}
        saving={save.isPending}
        onUseMetas={() => save.mutate(changesFrom("meta", calling, fields))}
        onSendOurs={() => save.mutate(changesFrom("ours", calling, fields))}
      />
      <div className={styles.group}>
        <Radio.Group
          label={t("number.key_exchange")}
          description={t("number.key_exchange_hint")}
          value={values.srtp}
          onChange={(value) => set({ srtp: EXCHANGES.find((each) => each === value) ?? "dtls" })}
        >
          <div className={styles.choice}>
            {EXCHANGES.map((each) => (
              <Radio
                key={each}
                value={each}
                label={t(`number.exchange_${each}`)}
                description={t(`number.exchange_${each}_hint`)}
              />
            ))}
          </div>
        </Radio.Group>
      </div>
      <div className={styles.group}>
        <Checkbox.Group
          label={t("number.codecs")}
          description={t("number.codecs_hint")}
          value={values.codecs}
          onChange={(value) => set({ codecs: CODECS.filter((each) => value.includes(each)) })}
        >
          <div className={styles.choice}>
            {CODECS.map((each) => (
              <Checkbox key={each} value={each} label={t(`number.codec_${each}`)} />
            ))}
          </div>
        </Checkbox.Group>
      </div>
    </>
  );
}

export function ConnectionSection({ number }: { number: NumberSettings }) {
  const query = useCalling(number);
  return <QueryView query={query}>{(calling) => <Form number={number} calling={calling} />}</QueryView>;
}
