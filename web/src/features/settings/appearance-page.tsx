import { SegmentedControl, Select, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { PageHead } from "../../components/page-head";
import { api } from "../../lib/api";
import { changeLanguage, currentLanguage, LANGUAGES } from "../../lib/i18n";
import styles from "./settings.module.css";

const SCHEMES = ["light", "dark", "auto"] as const;

export function AppearancePage() {
  const { t } = useTranslation();
  const { t: office } = useTranslation("office");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <PageHead title={office("settings.appearance")}>{office("settings.appearance_explain")}</PageHead>
      <div className={styles.group}>
        <Select
          label={t("user.language")}
          data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
          value={currentLanguage()}
          allowDeselect={false}
          onChange={(value) => {
            const language = LANGUAGES.find(({ code }) => code === value)?.code ?? "en";
            void changeLanguage(language);
            api.changeLanguage(language).catch(() => undefined);
          }}
        />
        <div>
          <p id="theme-label" style={{ marginBottom: 4, fontWeight: 500 }}>
            {t("user.theme")}
          </p>
          <SegmentedControl
            aria-labelledby="theme-label"
            value={colorScheme}
            onChange={(value) => setColorScheme(SCHEMES.find((scheme) => scheme === value) ?? "auto")}
            data={SCHEMES.map((scheme) => ({ value: scheme, label: t(`user.${scheme}`) }))}
          />
        </div>
      </div>
    </>
  );
}
