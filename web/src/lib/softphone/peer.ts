/**
 * The agent's line: one peer connection from our coming on duty until we leave. We offer, the server answers as ICE-lite, so our
 * offer leaves at once and carries no candidates. Transceiver 0 is the conversation, 1 and 2 only listen (kept for supervision).
 */

export interface PeerHandlers {
  connected(): void;
  lost(): void;
}

export interface LegStats {
  rtt_ms: number | null;
  jitter_ms: number | null;
  loss_percent: number | null;
}

/** ICE calls itself disconnected after one missed check; only this much silence counts as lost. */
const LOST_AFTER_MS = 5_000;

export class Peer {
  private readonly connection: RTCPeerConnection;
  private readonly conversation: RTCRtpTransceiver;
  private lostTimer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private before: { lost: number; received: number } | null = null;
  readonly remote: MediaStream;

  constructor(iceServers: RTCIceServer[], handlers: PeerHandlers) {
    this.connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.conversation = this.connection.addTransceiver("audio", { direction: "sendrecv" });
    this.connection.addTransceiver("audio", { direction: "recvonly" });
    this.connection.addTransceiver("audio", { direction: "recvonly" });
    this.remote = new MediaStream([this.conversation.receiver.track]);
    this.connection.onconnectionstatechange = () => {
      if (this.closed) return;
      clearTimeout(this.lostTimer);
      const state = this.connection.connectionState;
      if (state === "connected") handlers.connected();
      else if (state === "failed") handlers.lost();
      else if (state === "disconnected") this.lostTimer = setTimeout(() => handlers.lost(), LOST_AFTER_MS);
    };
  }

  async offer(): Promise<string> {
    await this.connection.setLocalDescription();
    const sdp = this.connection.localDescription?.sdp;
    if (sdp === undefined) throw new Error("the browser made no offer");
    return sdp;
  }

  async accept(sdp: string) {
    if (!this.closed) await this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Puts the microphone on the line, or takes it off. The stream keeps its SSRC and nothing is renegotiated. */
  async send(track: MediaStreamTrack | null) {
    if (!this.closed) await this.conversation.sender.replaceTrack(track);
  }

  close() {
    this.closed = true;
    clearTimeout(this.lostTimer);
    this.connection.close();
  }

  /** What this browser measured of what it receives. */
  async stats(): Promise<LegStats> {
    const found: LegStats = { rtt_ms: null, jitter_ms: null, loss_percent: null };
    if (this.closed) return found;
    const report = await this.connection.getStats();
    report.forEach((entry: Record<string, unknown>) => {
      if (
        entry.type === "candidate-pair" &&
        entry.nominated === true &&
        typeof entry.currentRoundTripTime === "number"
      ) {
        found.rtt_ms = Math.round(entry.currentRoundTripTime * 1000);
      }
      if (entry.type === "inbound-rtp" && entry.mid === this.conversation.mid) {
        if (typeof entry.jitter === "number") found.jitter_ms = Math.round(entry.jitter * 1000);
        found.loss_percent = this.lossSince(Number(entry.packetsLost ?? 0), Number(entry.packetsReceived ?? 0));
      }
    });
    return found;
  }

  private lossSince(lost: number, received: number): number | null {
    const before = this.before ?? { lost: 0, received: 0 };
    this.before = { lost, received };
    const total = lost - before.lost + (received - before.received);
    return total <= 0 ? null : (100 * Math.max(0, lost - before.lost)) / total;
  }
}
