/** A template of WhatsApp: which one, what stands in its gaps, and how the customer will read it. */
import { Select, TextInput } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Template } from "../lib/api-types";
import { filled } from "../lib/template";
import { QueryTrouble } from "./query-view";
import styles from "./template-fields.module.css";

export interface TemplateChoice {
  /** `name/language`; none until one is chosen. */
  key: string | null;
  parameters: string[];
}

export const NO_TEMPLATE: TemplateChoice = { key: null, parameters: [] };

export const templateKey = (template: Pick<Template, "name" | "language">) => `${template.name}/${template.language}`;

export function templateOf(choice: TemplateChoice, templates: Template[]): Template | undefined {
  return templates.find((each) => templateKey(each) === choice.key);
}

/** Ready to be sent: one is chosen and every gap has its words. */
export function templateReady(choice: TemplateChoice, templates: Template[]): boolean {
  const template = templateOf(choice, templates);
  return (
    template !== undefined &&
    choice.parameters.length === template.parameters &&
    choice.parameters.every((text) => text.trim() !== "")
  );
}

export function TemplateFields(props: {
  query: UseQueryResult<unknown>;
  /** Those of the answer that may be chosen here. */
  templates: Template[];
  value: TemplateChoice;
  onChange: (choice: TemplateChoice) => void;
}) {
  const { t } = useTranslation("office");
  const { query, templates, value } = props;
  const template = templateOf(value, templates);
  if (query.isError) return <QueryTrouble error={query.error} again={() => void query.refetch()} />;
  if (query.data !== undefined && templates.length === 0) return <p className={styles.none}>{t("template.none")}</p>;
  return (
    <>
      <Select
        label={t("template.which")}
        searchable
        placeholder={query.isPending ? t("template.loading") : t("template.choose")}
        data={templates.map((each) => ({ value: templateKey(each), label: `${each.name}, ${each.language}` }))}
        value={value.key}
        allowDeselect={false}
        onChange={(key) => {
          const chosen = templates.find((each) => templateKey(each) === key);
          props.onChange({ key, parameters: Array.from({ length: chosen?.parameters ?? 0 }, () => "") });
        }}
      />
      {value.parameters.map((text, index) => (
        <TextInput
          // biome-ignore lint/suspicious/noArrayIndexKey: a gap is known by its place.
          key={index}
          label={t("template.gap", { number: index + 1 })}
          value={text}
          maxLength={200}
          onChange={(event) => {
            const { value: words } = event.currentTarget;
            props.onChange({ ...value, parameters: value.parameters.map((old, at) => (at === index ? words : old)) });
          }}
        />
      ))}
      {template?.body != null && <Preview text={filled(template.body, value.parameters)} />}
    </>
  );
}

export function Preview({ text }: { text: string }) {
  const { t } = useTranslation("office");
  return (
    <figure className={styles.preview}>
      <figcaption>{t("template.preview")}</figcaption>
      <p>{text}</p>
    </figure>
  );
}
