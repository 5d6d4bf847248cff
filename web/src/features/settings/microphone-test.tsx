/** Shows that the microphone hears: its own stream, given back when the test stops. */
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./settings.module.css";

const SEGMENTS = Array.from({ length: 20 }, (_, index) => index);
/** Speech into a working microphone is well above this. */
const HEARD_ABOVE = 0.08;

export function MicrophoneTest({ deviceId }: { deviceId: string | null }) {
  const { t } = useTranslation("office");
  const [level, setLevel] = useState<number | null>(null);
  const [heard, setHeard] = useState(false);
  const [failed, setFailed] = useState(false);
  const stop = useRef<() => void>(() => undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another device ends the test of the one before.
  useEffect(() => () => stop.current(), [deviceId]);

  const start = async () => {
    setFailed(false);
    setHeard(false);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { deviceId: deviceId === null ? undefined : { ideal: deviceId } },
      });
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 512;
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      const timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
        const now = Math.min(1, rms * 5);
        setLevel(now);
        if (now > HEARD_ABOVE) setHeard(true);
      }, 60);
      stop.current = () => {
        clearInterval(timer);
        for (const track of stream.getTracks()) track.stop();
        void context.close();
        setLevel(null);
        stop.current = () => undefined;
      };
    } catch {
      setFailed(true);
    }
  };

  return (
    <div style={{ display: "grid", gap: 8 }}>
      <div className={styles.meter} aria-hidden="true">
        {SEGMENTS.map((segment) => (
          <span key={segment} data-on={(level ?? 0) * SEGMENTS.length > segment || undefined} />
        ))}
      </div>
      <div className={styles.between}>
        <Button variant="default" onClick={() => (level === null ? void start() : stop.current())}>
          {t(level === null ? "settings.test_microphone" : "settings.stop_test")}
        </Button>
        <span role="status" className={heard ? styles.good : styles.hint}>
          {failed
            ? t("settings.test_failed")
            : level === null
              ? ""
              : t(heard ? "settings.we_hear_you" : "settings.speak_now")}
        </span>
      </div>
    </div>
  );
}
