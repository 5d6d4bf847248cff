/** Microphone, speaker, ringer and what rings. Each change counts at once, in this browser. */
import { Button, Select, Slider, Switch } from "@mantine/core";
import { BellRing, Headphones, Mic, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { PageHead } from "../../components/page-head";
import { deviceChoices, useDevices } from "../../lib/devices";
import { preferences, type Ringtone, usePreferences } from "../../lib/preferences";
import { notificationPermission } from "../../lib/softphone/notifications";
import { phone } from "../../lib/softphone/phone";
import { rehearse } from "../../lib/softphone/ringer";
import { usePhone } from "../../lib/softphone/use-phone";
import { MicrophoneTest } from "./microphone-test";
import styles from "./settings.module.css";

const RINGTONES: Ringtone[] = ["bell", "chimes", "soft"];
const icon = { size: 18, strokeWidth: 1.75, "aria-hidden": true } as const;

function Notifications() {
  const { t } = useTranslation("office");
  const [permission, setPermission] = useState(notificationPermission());
  return (
    <div className={styles.group}>
      <div className={styles.between}>
        <div>
          <p>{t("settings.notifications")}</p>
          <p className={styles.hint}>{t("settings.notifications_hint")}</p>
        </div>
        {permission === "default" ? (
          <Button variant="default" onClick={() => void Notification.requestPermission().then(setPermission)}>
            {t("settings.notifications_allow")}
          </Button>
        ) : (
          <span className={permission === "granted" ? styles.good : styles.hint}>
            {t(`settings.notifications_${permission}`)}
          </span>
        )}
      </div>
    </div>
  );
}

function LineStanding() {
  const { t } = useTranslation("office");
  const line = usePhone((state) => state.line);
  const word = line === "connected" || line === "opening" ? line : "down";
  return (
    <div className={styles.between}>
      <p>{t("settings.line")}</p>
      <span className={word === "connected" ? styles.good : styles.hint} data-testid="line-standing">
        {t(`settings.line_${word}`)}
      </span>
    </div>
  );
}

export function DevicesPage() {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const devices = useDevices();
  const chosen = usePreferences();
  const standard = common("settings.default_device");
  const id = (value: string | null) => (value === "" ? null : value);
  return (
    <>
      <PageHead title={t("settings.devices")}>{t("settings.devices_explain")}</PageHead>
      <div className={styles.group}>
        <Select
          label={common("settings.microphone")}
          leftSection={<Mic {...icon} />}
          data={deviceChoices(devices.microphones, standard, chosen.microphoneId)}
          value={chosen.microphoneId ?? ""}
          allowDeselect={false}
          onChange={(value) => void phone.changeMicrophone(id(value))}
        />
        <MicrophoneTest deviceId={chosen.microphoneId} />
        <Switch
          label={t("settings.warm")}
          description={t("settings.warm_hint")}
          checked={chosen.warmMicrophone}
          onChange={(event) => preferences.set({ warmMicrophone: event.currentTarget.checked })}
        />
      </div>
      <div className={styles.group}>
        {devices.canChooseSpeaker ? (
          <>
            <Select
              label={common("settings.speaker")}
              leftSection={<Headphones {...icon} />}
              data={deviceChoices(devices.speakers, standard, chosen.speakerId)}
              value={chosen.speakerId ?? ""}
              allowDeselect={false}
              onChange={(value) => void phone.changeSpeaker(id(value))}
            />
            <Select
              label={t("settings.ringer")}
              leftSection={<BellRing {...icon} />}
              data={deviceChoices(devices.speakers, standard, chosen.ringerId)}
              value={chosen.ringerId ?? ""}
              allowDeselect={false}
              onChange={(value) => preferences.set({ ringerId: id(value) })}
            />
          </>
        ) : (
          <p className={styles.hint}>{t("settings.no_choice")}</p>
        )}
      </div>
      <div className={styles.group}>
        <Switch
          label={t("settings.ringtone_on")}
          checked={chosen.ringtoneOn}
          onChange={(event) => preferences.set({ ringtoneOn: event.currentTarget.checked })}
        />
        <div className={styles.row}>
          <Select
            label={t("settings.ringtone")}
            data={RINGTONES.map((tone) => ({ value: tone, label: t(`settings.tone_${tone}`) }))}
            value={chosen.ringtone}
            allowDeselect={false}
            onChange={(value) => preferences.set({ ringtone: RINGTONES.find((tone) => tone === value) ?? "bell" })}
          />
          <Button
            variant="default"
            leftSection={<Play size={16} strokeWidth={1.75} />}
            onClick={() => void rehearse(chosen)}
          >
            {t("settings.play")}
          </Button>
        </div>
        <div>
          <p id="volume-label">{t("settings.volume")}</p>
          <Slider
            thumbProps={{ "aria-labelledby": "volume-label" }}
            min={0}
            max={100}
            step={5}
            label={(value) => `${value} %`}
            value={Math.round(chosen.volume * 100)}
            onChange={(value) => preferences.set({ volume: value / 100 })}
          />
        </div>
      </div>
      <Notifications />
      <div className={styles.group}>
        <LineStanding />
      </div>
    </>
  );
}
