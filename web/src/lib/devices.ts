/** The sound devices of this machine, followed as they are plugged and unplugged. */
import { useEffect, useState } from "react";

export interface Devices {
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
  canChooseSpeaker: boolean;
}

const canChooseSpeaker = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

export function useDevices(): Devices {
  const [devices, setDevices] = useState<Devices>({ microphones: [], speakers: [], canChooseSpeaker });
  useEffect(() => {
    const source = navigator.mediaDevices;
    if (source?.enumerateDevices === undefined) return undefined;
    const look = async () => {
      const all = await source.enumerateDevices();
      const named = all.filter((device) => device.deviceId !== "" && device.deviceId !== "default");
      setDevices({
        microphones: named.filter((device) => device.kind === "audioinput"),
        speakers: named.filter((device) => device.kind === "audiooutput"),
        canChooseSpeaker,
      });
    };
    void look();
    source.addEventListener("devicechange", look);
    return () => source.removeEventListener("devicechange", look);
  }, []);
  return devices;
}

/** Choices for a select: the system's default first; a chosen device that is unplugged stays, so that it comes back. */
export function deviceChoices(
  devices: MediaDeviceInfo[],
  standard: string,
  chosen: string | null,
): { value: string; label: string }[] {
  const known = devices.map((device) => ({
    value: device.deviceId,
    label: device.label || device.deviceId.slice(0, 8),
  }));
  const missing = chosen !== null && !known.some((device) => device.value === chosen);
  return [{ value: "", label: standard }, ...known, ...(missing ? [{ value: chosen, label: chosen.slice(0, 8) }] : [])];
}
