/** What callers are told by the server itself, and what they get while it is being updated. */
import "@mantine/core/styles/Radio.css";
import { Radio, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { LANGUAGES } from "../../lib/i18n";
import type { SectionProps } from "./number-page";

const ANSWERS = ["reject", "ignore"] as const;

export function MessagesSection({ draft }: SectionProps) {
  const { t } = useTranslation("office");
  const { values, set } = draft;
  return (
    <>
      <div className={styles.group}>
        <Select
          label={t("number.notice_language")}
          description={t("number.notice_language_hint")}
          data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
          value={values.notice_language}
          allowDeselect={false}
          onChange={(value) => set({ notice_language: LANGUAGES.find(({ code }) => code === value)?.code ?? "en" })}
        />
      </div>
      <div className={styles.group}>
        <Radio.Group
          label={t("number.drain")}
          description={t("number.drain_hint")}
          value={values.drain_answer}
          onChange={(value) => set({ drain_answer: ANSWERS.find((each) => each === value) ?? "reject" })}
        >
          <div className={styles.choice}>
            {ANSWERS.map((each) => (
              <Radio
                key={each}
                value={each}
                label={t(`number.drain_${each}`)}
                description={t(`number.drain_${each}_hint`)}
              />
            ))}
          </div>
        </Radio.Group>
      </div>
    </>
  );
}
