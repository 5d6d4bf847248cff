import "@mantine/core/styles/NumberInput.css";
import { NumberInput, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { numbers } from "./api";
import type { SectionProps } from "./number-page";
import own from "./numbers.module.css";

const DESTINATIONS = ["agents", "echo"] as const;

/** Whole numbers only; an empty field keeps what was there. */
function whole(value: string | number, before: number): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.round(value) : before;
}

export function RingingSection({ draft }: SectionProps) {
  const { t } = useTranslation("office");
  const { values, set } = draft;
  const branches = useQuery({ queryKey: ["branches"], queryFn: numbers.branches }).data?.items ?? [];
  const destinations = DESTINATIONS.map((each) => ({ value: each as string, label: t(`numbers.to_${each}`) }));
  const known = destinations.some((each) => each.value === values.destination);
  return (
    <>
      <div className={styles.group}>
        <TextInput
          label={t("number.name")}
          value={values.name}
          maxLength={100}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        {branches.length > 0 && (
          <Select
            label={t("number.branch")}
            description={t("number.branch_hint")}
            data={[
              { value: "", label: t("number.no_branch") },
              ...branches.map((branch) => ({ value: branch.id, label: branch.name })),
            ]}
            value={values.branch_id ?? ""}
            allowDeselect={false}
            onChange={(value) => set({ branch_id: value === "" ? null : value })}
          />
        )}
        <Select
          label={t("numbers.destination")}
          description={t("number.destination_hint")}
          data={known ? destinations : [...destinations, { value: values.destination, label: values.destination }]}
          value={values.destination}
          allowDeselect={false}
          onChange={(value) => set({ destination: value ?? values.destination })}
        />
      </div>
      <div className={styles.group}>
        <div className={own.row}>
          <NumberInput
            label={t("number.answer_window")}
            description={t("number.answer_window_hint")}
            suffix=" s"
            min={15}
            max={55}
            allowDecimal={false}
            value={values.answer_window_s}
            onChange={(value) => set({ answer_window_s: whole(value, values.answer_window_s) })}
          />
          <NumberInput
            label={t("number.max_concurrent")}
            description={t("number.max_concurrent_hint")}
            min={1}
            max={1000}
            allowDecimal={false}
            value={values.max_concurrent_calls}
            onChange={(value) => set({ max_concurrent_calls: whole(value, values.max_concurrent_calls) })}
          />
        </div>
        <NumberInput
          label={t("number.max_duration")}
          description={t("number.max_duration_hint")}
          suffix=" min"
          min={1}
          max={1440}
          allowDecimal={false}
          value={Math.round(values.max_call_duration_s / 60)}
          onChange={(value) =>
            set({ max_call_duration_s: whole(value, Math.round(values.max_call_duration_s / 60)) * 60 })
          }
        />
        <NumberInput
          label={t("number.no_webhook")}
          description={t("number.no_webhook_hint")}
          suffix=" h"
          min={0}
          max={8760}
          allowDecimal={false}
          value={values.no_webhook_hours ?? ""}
          onChange={(value) => set({ no_webhook_hours: value === "" ? null : whole(value, 0) })}
        />
      </div>
    </>
  );
}
