/** Over plain HTTP from another machine the browser gives no microphone: why, and what to do about it. */
import { ShieldAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner } from "./banner";

export function InsecureBanner() {
  const { t } = useTranslation();
  const icon = <ShieldAlert size={20} strokeWidth={1.75} aria-hidden="true" />;
  return (
    <Banner tone="bad" loud icon={icon} title={t("banner.insecure_title")}>
      {t("banner.insecure", { host: location.host })}
    </Banner>
  );
}
