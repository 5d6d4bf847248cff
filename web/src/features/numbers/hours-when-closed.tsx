/** What a customer gets who calls when it is closed, and whether we call then. */
import "@mantine/core/styles/Radio.css";
import { Radio, Switch, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import form from "../../components/form.module.css";
import type { OutOfHours } from "./api";
import styles from "./hours-section.module.css";

const ACTIONS: OutOfHours[] = ["callback_offer", "message", "reject"];
const MAX_TEXT = 1024;

interface Values {
  action: OutOfHours;
  text: string;
  outbound_blocked: boolean;
}

export function WhenClosed({ values, onChange }: { values: Values; onChange: (change: Partial<Values>) => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const choose = (action: OutOfHours) =>
    onChange({
      action,
      // A message needs words; the usual ones are better than none.
      ...(action !== "reject" && values.text.trim() === "" ? { text: t(`hours.words_${action}`) } : {}),
    });
  return (
    <section className={styles.closedPart} aria-label={t("hours.when_closed")}>
      <h2>{t("hours.when_closed")}</h2>
      <Radio.Group
        aria-label={t("hours.when_closed")}
        value={values.action}
        onChange={(value) => choose(ACTIONS.find((each) => each === value) ?? "reject")}
      >
        <div className={form.choice}>
          {ACTIONS.map((action) => (
            <Radio
              key={action}
              value={action}
              label={t(`hours.action_${action}`)}
              description={t(`hours.action_${action}_hint`)}
            />
          ))}
        </div>
      </Radio.Group>
      {values.action !== "reject" && (
        <Textarea
          label={t("hours.text")}
          autosize
          minRows={2}
          maxRows={6}
          maxLength={MAX_TEXT}
          value={values.text}
          error={values.text.trim() === "" ? common("welcome.missing") : undefined}
          onChange={(event) => onChange({ text: event.currentTarget.value })}
        />
      )}
      <Switch
        label={t("hours.outbound_blocked")}
        description={t("hours.outbound_blocked_hint")}
        checked={values.outbound_blocked}
        onChange={(event) => onChange({ outbound_blocked: event.currentTarget.checked })}
      />
    </section>
  );
}
