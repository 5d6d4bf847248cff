/** One call of the customer: his sound to the simulator, the simulator's word back. */
import type { BusinessNumber, Customer, Faults, FromSimulator, PhoneSound, PhoneState } from "./simulator";
import { simulator } from "./simulator";

export interface LogLine {
  at_ms: number;
  what: string;
}

export interface CallView {
  state: PhoneState | "idle" | "failed";
  why: string | null;
  connectedAt: number | null;
  muted: boolean;
  log: LogLine[];
  /** The microphone could not be opened; a recorded voice speaks instead. */
  microphoneFailed: boolean;
}

export const idle: CallView = {
  state: "idle",
  why: null,
  connectedAt: null,
  muted: false,
  log: [],
  microphoneFailed: false,
};

export class CustomerCall {
  private readonly changed: (change: (view: CallView) => CallView) => void;
  private readonly audio = document.createElement("audio");
  private socket: WebSocket | null = null;
  private peer: RTCPeerConnection | null = null;
  private microphone: MediaStream | null = null;
  private ended = false;

  constructor(changed: (change: (view: CallView) => CallView) => void) {
    this.changed = changed;
    this.audio.autoplay = true;
    this.audio.dataset.testid = "phone-audio";
  }

  /** The customer calls; with the message whose call button was pressed. */
  start(number: BusinessNumber, customer: Customer, sound: PhoneSound, faults: Faults, message: string | null) {
    return this.open(sound, { type: "call", number: number.id, customer, faults, message });
  }

  /** The customer picks up a call of the business. */
  pickUp(call: string, sound: PhoneSound) {
    return this.open(sound, { type: "pick_up", call });
  }

  private async open(sound: PhoneSound, wish: object) {
    this.changed(() => ({ ...idle, state: "calling" }));
    const spoken = await this.openSound(sound);
    const socket = simulator.socket();
    this.socket = socket;
    socket.onmessage = (message) => this.heard(JSON.parse(String(message.data)) as FromSimulator);
    socket.onclose = () => this.over(null);
    const peer = new RTCPeerConnection();
    this.peer = peer;
    const line = peer.addTransceiver("audio", { direction: "sendrecv" });
    await line.sender.replaceTrack(this.microphone?.getAudioTracks()[0] ?? null);
    this.audio.srcObject = new MediaStream([line.receiver.track]);
    document.body.append(this.audio);
    void this.audio.play().catch(() => undefined);
    await peer.setLocalDescription();
    const call = { ...wish, sdp: peer.localDescription?.sdp, sound: spoken };
    const say = () => socket.send(JSON.stringify(call));
    if (socket.readyState === WebSocket.OPEN) say();
    else socket.onopen = say;
  }

  hangUp() {
    this.say({ type: "hang_up" });
  }

  keys(digits: string) {
    this.say({ type: "keys", digits });
  }

  mute(on: boolean) {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !on;
    this.say({ type: "mute", on });
    this.changed((view) => ({ ...view, muted: on }));
  }

  close() {
    this.ended = true;
    this.socket?.close();
    this.peer?.close();
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.audio.remove();
  }

  private async openSound(sound: PhoneSound): Promise<PhoneSound> {
    if (sound !== "microphone") return sound;
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
      return "microphone";
    } catch {
      this.changed((view) => ({ ...view, microphoneFailed: true }));
      return "voice";
    }
  }

  private say(frame: object) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private heard(frame: FromSimulator) {
    if (frame.type === "answer") {
      this.peer?.setRemoteDescription({ type: "answer", sdp: frame.sdp }).catch(() => this.over("failed"));
    } else if (frame.type === "log") {
      this.changed((view) => ({ ...view, log: [...view.log, { at_ms: frame.at_ms, what: frame.what }] }));
    } else if (frame.type === "state" && frame.state === "ended") {
      this.over(frame.why ?? null);
    } else if (frame.type === "state") {
      const { state } = frame;
      this.changed((view) => ({
        ...view,
        state,
        connectedAt: state === "connected" ? (view.connectedAt ?? Date.now()) : view.connectedAt,
      }));
    }
  }

  private over(why: string | null) {
    if (this.ended) return;
    this.close();
    this.changed((view) => ({ ...view, state: "ended", why }));
  }
}
