/** Each key with what it does. */
import { useTranslation } from "react-i18next";
import { SHORTCUTS } from "../lib/shortcuts";
import styles from "./shortcut-list.module.css";

export function ShortcutList() {
  const { t } = useTranslation("office");
  return (
    <dl className={styles.list}>
      <div>
        <dt>{t("settings.shortcut_answer")}</dt>
        <dd>
          <kbd>Enter</kbd>
        </dd>
      </div>
      {SHORTCUTS.map((shortcut) => (
        <div key={shortcut.name}>
          <dt>{t(`settings.shortcut_${shortcut.name}`)}</dt>
          <dd>
            <kbd>{shortcut.label}</kbd>
          </dd>
        </div>
      ))}
    </dl>
  );
}
