/** The server is about to be restarted: whoever talks goes on talking. */
import { RefreshCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Banner } from "../../components/banner";
import { clockTime } from "../../lib/format";
import { currentLocale } from "../../lib/i18n";
import { usePhone } from "../../lib/softphone/use-phone";

export function DrainBanner() {
  const { t } = useTranslation();
  const until = usePhone((state) => state.drainingUntil);
  if (until === null) return null;
  return (
    <Banner
      tone="notice"
      icon={<RefreshCw size={20} strokeWidth={1.75} aria-hidden="true" />}
      title={t("banner.draining_title")}
    >
      {t("banner.draining", { time: clockTime(until, currentLocale()) })}
    </Banner>
  );
}
