/** What holds for the whole business: who reads numbers in full, and who sees calls that belong to no branch. */
import "@mantine/core/styles/Radio.css";
import "@mantine/core/styles/NumberInput.css";
import { NumberInput, Radio, Switch } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { SaveBar } from "../../components/save-bar";
import { useDraft } from "../../lib/draft";
import { decimal } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { type TenantSettings, tenantSettings } from "./api";

const MASKED = ["none", "agent", "supervisor"] as const;

function Form({ saved }: { saved: TenantSettings }) {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const draft = useDraft(saved);
  const { values, set } = draft;
  const save = useMutation({
    // Nothing is said as 0: what is left out stays as it is.
    mutationFn: ({ monthly_minutes: minutes, ...others }: Partial<TenantSettings>) =>
      tenantSettings.change({ ...others, ...(minutes === undefined ? {} : { monthly_minutes: minutes ?? 0 }) }),
    onSuccess: (now) => {
      queries.setQueryData(["settings"], now);
      draft.discard();
      toast({ message: t("tenant.saved") });
    },
  });
  return (
    <>
      <PageHead
        title={t("tenant.title")}
        actions={
          <SaveBar
            count={draft.count}
            saving={save.isPending}
            onSave={() => save.mutate(draft.changes)}
            onDiscard={draft.discard}
          />
        }
      >
        {t("tenant.explain")}
      </PageHead>
      {save.isError && (
        <p className={styles.trouble} role="alert">
          {words(save.error)}
        </p>
      )}
      <div className={styles.group}>
        <Radio.Group
          label={t("tenant.mask")}
          description={t("tenant.mask_hint")}
          value={values.mask_numbers_for}
          onChange={(value) => set({ mask_numbers_for: MASKED.find((each) => each === value) ?? "none" })}
        >
          <div className={styles.choice}>
            {MASKED.map((each) => (
              <Radio key={each} value={each} label={t(`tenant.mask_${each}`)} />
            ))}
          </div>
        </Radio.Group>
      </div>
      <div className={styles.group}>
        <Switch
          label={t("tenant.no_branch")}
          description={t("tenant.no_branch_hint")}
          checked={values.calls_without_branch_visible}
          onChange={(event) => set({ calls_without_branch_visible: event.currentTarget.checked })}
        />
      </div>
      <div className={styles.group}>
        <NumberInput
          label={t("tenant.invitation")}
          description={t("tenant.invitation_hint")}
          suffix=" h"
          min={1}
          max={720}
          allowDecimal={false}
          value={values.invitation_valid_hours}
          onChange={(value) => typeof value === "number" && set({ invitation_valid_hours: value })}
        />
        <NumberInput
          label={t("tenant.reset")}
          description={t("tenant.reset_hint")}
          suffix=" min"
          min={5}
          max={1440}
          allowDecimal={false}
          value={values.password_reset_valid_minutes}
          onChange={(value) => typeof value === "number" && set({ password_reset_valid_minutes: value })}
        />
      </div>
      <div className={styles.group}>
        <NumberInput
          label={t("tenant.minutes")}
          description={t("tenant.minutes_hint", { used: decimal(saved.minutes_used, currentLocale(), 0) })}
          placeholder={t("tenant.minutes_none")}
          min={1}
          max={10_000_000}
          allowDecimal={false}
          allowNegative={false}
          value={values.monthly_minutes ?? ""}
          onChange={(value) => set({ monthly_minutes: typeof value === "number" && value > 0 ? value : null })}
        />
      </div>
    </>
  );
}

export function TenantPage() {
  const settings = useQuery({ queryKey: ["settings"], queryFn: tenantSettings.get });
  return <QueryView query={settings}>{(saved) => <Form saved={saved} />}</QueryView>;
}
