import { useTranslation } from "react-i18next";
import { PageHead } from "../../components/page-head";
import { ShortcutList } from "../../components/shortcut-list";

export function ShortcutsPage() {
  const { t } = useTranslation("office");
  return (
    <>
      <PageHead title={t("settings.shortcuts")}>{t("settings.shortcuts_explain")}</PageHead>
      <ShortcutList />
    </>
  );
}
