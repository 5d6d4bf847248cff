/** Calling and icon: what customers may do, what we may do, and whether Meta agrees. */
import "@mantine/core/styles/Pill.css";
import "@mantine/core/styles/PillsInput.css";
import { MultiSelect, SegmentedControl, Switch } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { SaveBar } from "../../components/save-bar";
import type { NumberSettings } from "../../lib/api-types";
import { useDraft } from "../../lib/draft";
import { currentLanguage } from "../../lib/i18n";
import type { Calling } from "./api";
import { countries } from "./countries";
import { CallingDrift, changesFrom, MetaCard, MetaWarnings, Restrictions } from "./meta-panels";
import styles from "./meta-panels.module.css";
import { useCalling, useMetaTrouble, useToMeta } from "./use-calling";

/** The settings of this part; those of the sound path have their own. */
const FIELDS = ["calling", "icon", "countries", "callback_permission"];

function Form({ number, calling }: { number: NumberSettings; calling: Calling }) {
  const { t } = useTranslation("office");
  const trouble = useMetaTrouble();
  const language = currentLanguage();
  const places = useMemo(() => countries(language), [language]);
  const { ours, meta } = calling;
  const saved = useMemo(
    () => ({
      calling: ours.calling,
      icon: ours.icon ?? meta?.icon ?? "show",
      countries: ours.countries ?? meta?.countries ?? [],
      callback_permission: ours.callback_permission ?? meta?.callback_permission ?? false,
      business_calls: ours.business_calls,
      sandbox: ours.sandbox,
    }),
    [ours, meta],
  );
  const draft = useDraft(saved);
  const { values, set } = draft;
  const { save, read, failed } = useToMeta(number, draft.discard);
  const drift = calling.drift.filter(({ field }) => FIELDS.includes(field));
  const fields = drift.map(({ field }) => field);
  return (
    <>
      <PageHead
        title={t("number.calling")}
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
        {t("number.calling_explain")}
      </PageHead>
      {failed !== null && (
        <p className={form.trouble} role="alert">
          {trouble(failed)}
        </p>
      )}
      <Restrictions restrictions={calling.restrictions} />
      <MetaWarnings calling={calling} />
      <CallingDrift
        drift={drift}
        saving={save.isPending}
        onUseMetas={() => save.mutate(changesFrom("meta", calling, fields))}
        onSendOurs={() => save.mutate(changesFrom("ours", calling, fields))}
      />
      <div className={styles.columns}>
        <div>
          <div className={form.group}>
            <Switch
              label={t("number.calling_enabled")}
              description={t("number.calling_enabled_hint")}
              checked={values.calling}
              onChange={(event) => set({ calling: event.currentTarget.checked })}
            />
            <div>
              <p className={styles.label} id="icon-label">
                {t("meta.field_icon")}
              </p>
              <p className={form.hint}>{t("meta.icon_hint")}</p>
              <SegmentedControl
                mt={4}
                aria-labelledby="icon-label"
                value={values.icon}
                onChange={(value) => set({ icon: value === "hide" ? "hide" : "show" })}
                data={[
                  { value: "show", label: t("meta.value_show") },
                  { value: "hide", label: t("meta.value_hide") },
                ]}
              />
            </div>
            <MultiSelect
              label={t("meta.field_countries")}
              description={t("meta.countries_hint")}
              placeholder={values.countries.length === 0 ? t("meta.all_countries") : undefined}
              searchable
              clearable
              limit={60}
              clearButtonProps={{ "aria-label": t("meta.all_countries") }}
              data={places}
              value={values.countries}
              onChange={(chosen) => set({ countries: chosen })}
            />
          </div>
          <div className={form.group}>
            <Switch
              label={t("meta.field_callback_permission")}
              description={t("meta.callback_hint")}
              checked={values.callback_permission}
              onChange={(event) => set({ callback_permission: event.currentTarget.checked })}
            />
            <Switch
              label={t("meta.business_calls")}
              description={t("meta.business_calls_hint")}
              checked={values.business_calls}
              onChange={(event) => set({ business_calls: event.currentTarget.checked })}
            />
            <Switch
              label={t("meta.sandbox")}
              description={t("meta.sandbox_hint")}
              checked={values.sandbox}
              onChange={(event) => set({ sandbox: event.currentTarget.checked })}
            />
          </div>
        </div>
        <MetaCard calling={calling} reading={read.isPending} onRead={() => read.mutate()} />
      </div>
    </>
  );
}

export function CallingSection({ number }: { number: NumberSettings }) {
  const query = useCalling(number);
  return <QueryView query={query}>{(calling) => <Form number={number} calling={calling} />}</QueryView>;
}
