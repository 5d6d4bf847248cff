/** The microphone: opened when a call is offered, attached muted, given back when there is no call (or kept warm, if so set). */
import type { Microphone as Permission } from "./state";

export function mediaSupported(): boolean {
  return window.isSecureContext && navigator.mediaDevices?.getUserMedia !== undefined;
}

/** A refusal of the browser, as the state it leaves us in. */
export function permissionAfter(error: unknown): Permission {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "prompt";
}

export class Microphone {
  private stream: MediaStream | null = null;
  private opening: Promise<MediaStreamTrack> | null = null;
  private readonly changed: (permission: Permission) => void;

  constructor(changed: (permission: Permission) => void) {
    this.changed = changed;
  }

  /** Learns the permission and follows it. */
  async watch() {
    if (!mediaSupported()) {
      this.changed("insecure");
      return;
    }
    try {
      const status = await navigator.permissions.query({ name: "microphone" as PermissionName });
      const tell = () => this.changed(status.state);
      status.onchange = tell;
      tell();
    } catch {
      // A browser that cannot be asked says it when the microphone is opened.
    }
  }

  get track(): MediaStreamTrack | null {
    const track = this.stream?.getAudioTracks()[0] ?? null;
    return track?.readyState === "live" ? track : null;
  }

  /** The track, opened when it is not yet. It comes muted: the caller decides when it may be heard. */
  open(deviceId: string | null): Promise<MediaStreamTrack> {
    const track = this.track;
    if (track !== null) return Promise.resolve(track);
    this.opening ??= this.ask(deviceId).finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  private async ask(deviceId: string | null): Promise<MediaStreamTrack> {
    if (!mediaSupported()) {
      this.changed("insecure");
      throw new DOMException("No microphone outside of a secure context", "SecurityError");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          // `ideal`: a headset that was unplugged falls back to what there is instead of refusing the call.
          deviceId: deviceId === null ? undefined : { ideal: deviceId },
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
        },
      });
    } catch (error) {
      this.changed(permissionAfter(error));
      throw error;
    }
    this.changed("granted");
    const track = this.stream.getAudioTracks()[0];
    if (track === undefined) throw new DOMException("The device gives no audio", "NotFoundError");
    track.enabled = false;
    return track;
  }
}
