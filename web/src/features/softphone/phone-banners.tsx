/** What keeps the phone from working, each with its remedy; the most important first and at most two at once. */
import { AppWindow, CircleCheck, MicOff, Volume2, WifiOff } from "lucide-react";
import { type ReactElement, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Banner } from "../../components/banner";
import { InsecureBanner } from "../../components/insecure-banner";
import { useNow } from "../../lib/clock";
import { phone } from "../../lib/softphone/phone";
import { usePhone } from "../../lib/softphone/use-phone";

/** A stream that is back within this time was never worth a word. */
const QUIET_FOR_MS = 2_000;
const icon = { size: 20, strokeWidth: 1.75, "aria-hidden": true } as const;

function LostBanner() {
  const { t } = useTranslation();
  const now = useNow();
  const lostAt = usePhone((state) => state.lostAt);
  if (lostAt === null || now - lostAt < QUIET_FOR_MS) return null;
  const seconds = Math.floor((now - lostAt) / 1000);
  return (
    <Banner
      tone="warn"
      icon={<WifiOff {...icon} />}
      title={t("banner.lost_title", { count: seconds })}
      action={{ label: t("banner.lost_action"), run: () => phone.retryNow() }}
    >
      {t("banner.lost")}
    </Banner>
  );
}

function BackBanner() {
  const { t } = useTranslation();
  const back = usePhone((state) => state.back);
  useEffect(() => {
    if (back === null) return undefined;
    const timer = setTimeout(() => phone.dismissBack(), 8_000);
    return () => clearTimeout(timer);
  }, [back]);
  if (back === null) return null;
  return (
    <Banner
      tone="ok"
      icon={<CircleCheck {...icon} />}
      title={t("banner.back_title", { count: back.afterS })}
      action={{ label: t("banner.back_action"), run: () => phone.dismissBack() }}
    >
      {back.arrived === 0 ? t("banner.back_none") : t("banner.back", { count: back.arrived })}
    </Banner>
  );
}

function useReady(): boolean {
  const [ready, setReady] = useState(false);
  // The permission is asked for a moment after loading; a banner that flashes up for that long would only frighten.
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), 400);
    return () => clearTimeout(timer);
  }, []);
  return ready;
}

function PhoneTrouble(): ReactElement | null {
  const { t } = useTranslation();
  const ready = useReady();
  const tab = usePhone((state) => state.tab);
  const line = usePhone((state) => state.line);
  const microphone = usePhone((state) => state.microphone);
  const sound = usePhone((state) => state.sound);
  const open = usePhone((state) => state.stream !== "connecting");
  if (microphone === "insecure") return <InsecureBanner />;
  if (!ready || !open) return null;
  const here = { label: t("banner.tab_action"), run: () => phone.takePhone() };
  if (tab === "other") {
    return (
      <Banner tone="notice" icon={<AppWindow {...icon} />} title={t("banner.tab_title")} action={here}>
        {t("banner.tab")}
      </Banner>
    );
  }
  if (line === "replaced") {
    return (
      <Banner tone="notice" icon={<AppWindow {...icon} />} title={t("banner.device_title")} action={here}>
        {t("banner.device")}
      </Banner>
    );
  }
  if (microphone === "denied" || microphone === "missing") {
    return (
      <Banner
        tone="bad"
        loud
        icon={<MicOff {...icon} />}
        title={t(`banner.${microphone}_title`)}
        action={{ label: t("banner.denied_action"), run: () => void phone.allowMicrophone() }}
      >
        {t(`banner.${microphone}`)}
      </Banner>
    );
  }
  if (microphone === "prompt") {
    return (
      <Banner
        tone="notice"
        icon={<MicOff {...icon} />}
        title={t("banner.prompt_title")}
        action={{ label: t("banner.prompt_action"), run: () => void phone.allowMicrophone() }}
      >
        {t("banner.prompt")}
      </Banner>
    );
  }
  if (!sound) {
    return (
      <Banner
        tone="notice"
        icon={<Volume2 {...icon} />}
        title={t("banner.sound_title")}
        // Any click of the page turns it on; the button is where people look for it.
        action={{ label: t("banner.sound_action"), run: () => undefined }}
      >
        {t("banner.sound")}
      </Banner>
    );
  }
  return null;
}

export function PhoneBanners() {
  return (
    <>
      <LostBanner />
      <BackBanner />
      <PhoneTrouble />
    </>
  );
}

/** The browser wants a click before it goes on with the call of before the reload. */
export function ResumeBar() {
  const { t } = useTranslation();
  const needed = usePhone((state) => state.needsClick);
  const name = usePhone((state) => state.myCall?.caller.name ?? state.myCall?.caller.phone ?? null);
  if (!needed) return null;
  return (
    <button
      type="button"
      data-surface="ebonite"
      data-testid="resume-bar"
      style={{ width: "100%", minHeight: 56, border: 0, fontSize: 16, fontWeight: 600, cursor: "pointer" }}
      onClick={() => void phone.resume()}
    >
      {t("call.resume_bar", { name: name ?? t("calls.unknown") })}
    </button>
  );
}
