/** Microphone and speaker, changed while the call goes on. */
import { Select } from "@mantine/core";
import { Headphones, Mic } from "lucide-react";
import { useTranslation } from "react-i18next";
import { deviceChoices, useDevices } from "../../lib/devices";
import { usePreferences } from "../../lib/preferences";
import { phone } from "../../lib/softphone/phone";

export function DevicePanel() {
  const { t } = useTranslation();
  const devices = useDevices();
  const chosen = usePreferences();
  const standard = t("settings.default_device");
  const style = { input: { background: "var(--ebonite2)", color: "var(--ink)", minHeight: 44 } };
  return (
    <div style={{ display: "grid", gap: 16 }}>
      <Select
        label={t("settings.microphone")}
        leftSection={<Mic size={18} strokeWidth={1.75} />}
        data={deviceChoices(devices.microphones, standard, chosen.microphoneId)}
        value={chosen.microphoneId ?? ""}
        allowDeselect={false}
        styles={style}
        onChange={(id) => void phone.changeMicrophone(id === "" ? null : id)}
      />
      {devices.canChooseSpeaker && (
        <Select
          label={t("settings.speaker")}
          leftSection={<Headphones size={18} strokeWidth={1.75} />}
          data={deviceChoices(devices.speakers, standard, chosen.speakerId)}
          value={chosen.speakerId ?? ""}
          allowDeselect={false}
          styles={style}
          onChange={(id) => void phone.changeSpeaker(id === "" ? null : id)}
        />
      )}
    </div>
  );
}
