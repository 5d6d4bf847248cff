/** Something to hand on: a link, a key. One press copies it. */
import { Button, TextInput } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./form.module.css";

export function CopyField({ label, value, description }: { label: string; value: string; description?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(value);
    setCopied(true);
  };
  const Icon = copied ? Check : Copy;
  return (
    <div className={styles.copy}>
      <TextInput
        label={label}
        description={description}
        value={value}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        classNames={{ input: "mono" }}
      />
      <Button
        variant="default"
        leftSection={<Icon size={16} strokeWidth={1.75} aria-hidden="true" />}
        onClick={() => void copy()}
      >
        <span aria-live="polite">{t(copied ? "form.copied" : "form.copy")}</span>
      </Button>
    </div>
  );
}
