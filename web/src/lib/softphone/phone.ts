/**
 * The softphone of the page: joins the live stream, the line, the microphone, the sounds and the election of the tab. It outlives
 * every route; components read it through `usePhone`.
 */
import { ApiError, api } from "../api";
import type { Call, ClientFrame, MyStatus, ServerFrame } from "../api-types";
import { Live } from "../live";
import { preferences } from "../preferences";
import { Line } from "./line";
import { Microphone } from "./microphone";
import { mutedCall } from "./muted";
import { recordingAction } from "./recording";
import { Ringer } from "./ringer";
import { audioContext, END_TONE, play, unlock } from "./sounds";
import { GONE_FOR_MS, guarded, initialState, isRinging, type PhoneEvent, type PhoneState, reduce } from "./state";
import { TabElection } from "./tab";

const STATS_EVERY_MS = 2_000;
/** A microphone that could not be opened (taken by another program, say) is not asked for again before this. */
const MICROPHONE_REST_MS = 3_000;

/**
 * What turns the sound on. Not the press of a button, only its release: the banner that asks for it goes away at once, and what is
 * below would move from under the finger.
 */
const TOUCHES = ["click", "keydown"] as const;

/** What the live stream says that is no call. */
export type News = Extract<ServerFrame, { type: "message" | "permission" | "number_changed" }>;

export class Phone {
  private state: PhoneState = initialState;
  private readonly newsListeners = new Set<(news: News | null) => void>();
  private readonly listeners = new Set<() => void>();
  private readonly callListeners = new Set<(call: Call | null) => void>();
  private readonly alertListeners = new Set<() => void>();
  private scheduled = false;
  private running = false;
  private readySaid = "";
  private wished: MyStatus | null = null;
  private stats: ReturnType<typeof setInterval> | undefined;
  private sweep: ReturnType<typeof setTimeout> | undefined;
  private readonly ringer = new Ringer();
  private readonly live = new Live({
    frame: (frame) => this.heard(frame),
    lost: () => this.dispatch({ type: "stream_lost", now: Date.now() }),
    mayRetry: () => this.sessionStands(),
  });
  private readonly tab = new TabElection((phone) => this.elected(phone));
  private readonly microphone = new Microphone((microphone) => this.dispatch({ type: "microphone", microphone }));
  private line: Line | null = null;
  private microphoneRestsUntil = 0;
  private iceServers: RTCIceServer[] = [];

  getState = (): PhoneState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Every call that changed, as the server tells it; `null` after a reconnection, when anything may have changed. */
  onCall(listener: (call: Call | null) => void): () => void {
    this.callListeners.add(listener);
    return () => this.callListeners.delete(listener);
  }

  /** Something of a customer or a number changed; `null` after a reconnection, when anything may have changed. */
  onNews(listener: (news: News | null) => void): () => void {
    this.newsListeners.add(listener);
    return () => this.newsListeners.delete(listener);
  }

  /** The alerts changed, or may have. */
  onAlerts(listener: () => void): () => void {
    this.alertListeners.add(listener);
    return () => this.alertListeners.delete(listener);
  }

  start(iceServers: RTCIceServer[]) {
    if (this.running) return;
    this.iceServers = iceServers;
    this.running = true;
    this.state = initialState;
    this.readySaid = "";
    this.line ??= new Line({
      send: (frame) => this.live.send(frame),
      changed: (line, lineId) => this.dispatch({ type: "line", line, lineId, now: Date.now() }),
      playRefused: () => this.dispatch({ type: "needs_click", needsClick: this.state.myCall !== null }),
    });
    void this.line.speakThrough(preferences.get().speakerId);
    for (const kind of TOUCHES) addEventListener(kind, this.touched, { capture: true });
    void this.microphone.watch();
    this.tab.start();
    this.live.start();
    // Signing in was a click of this page load already; it unlocked the sound.
    if (audioContext()?.state === "running") this.touched();
  }

  stop() {
    if (!this.running) return;
    this.running = false;
    this.wished = null;
    for (const kind of TOUCHES) removeEventListener(kind, this.touched, { capture: true });
    clearInterval(this.stats);
    this.stats = undefined;
    this.live.stop();
    this.line?.close();
    this.tab.stop();
    this.microphone.close();
    this.ringer.set("no", preferences.get);
    this.state = initialState;
    this.notify();
  }

  retryNow() {
    this.live.tryNow();
  }

  takePhone() {
    if (this.state.line === "replaced") this.openLine();
    this.tab.take();
  }

  async answer(callId: string) {
    const card = this.state.cards.find((each) => each.call.id === callId);
    if (card === undefined || card.phase !== "ringing" || guarded(card, Date.now())) return;
    this.dispatch({ type: "answering", callId });
    try {
      const call = await api.answer(callId);
      this.dispatch({ type: "answered", call });
    } catch (error) {
      this.refused(callId, error);
    }
  }

  async decline(callId: string): Promise<boolean> {
    const card = this.state.cards.find((each) => each.call.id === callId);
    if (card === undefined || card.phase !== "ringing" || guarded(card, Date.now())) return false;
    this.dispatch({ type: "declining", callId });
    try {
      await api.decline(callId);
      this.dispatch({ type: "declined", callId, now: Date.now() });
      return true;
    } catch (error) {
      this.refused(callId, error);
      return false;
    }
  }

  /** Ends my call; throws what the server said when it did not work. */
  async end() {
    const call = this.state.myCall;
    if (call === null || this.state.ending) return;
    this.dispatch({ type: "ending", ending: true });
    try {
      await api.hangUp(call.id);
    } catch (error) {
      this.dispatch({ type: "ending", ending: false });
      // Both hung up at the same moment: it is over, which is what was asked for.
      if (error instanceof ApiError && (error.code === "over" || error.status === 404)) return;
      throw error;
    }
  }

  /** What the recording key and Alt R do: start it, pause it or go on with it; throws what the server said when it did not work. */
  async record() {
    const call = this.state.myCall;
    const action = recordingAction(call?.recording ?? null);
    if (call === null || action === null) return;
    await api.record(call.id, action);
  }

  mute(muted: boolean) {
    mutedCall.remember(muted ? (this.state.myCall?.id ?? null) : null);
    this.dispatch({ type: "muted", muted });
  }

  silence() {
    this.dispatch({ type: "silenced" });
  }

  dismissBack() {
    this.dispatch({ type: "back_seen" });
  }

  setStatus(status: MyStatus): boolean {
    if (!this.live.send({ type: "status", status })) return false;
    this.wished = null;
    this.dispatch({ type: "status", status });
    return true;
  }

  /** As `setStatus`; while the stream is gone it is remembered, and said as soon as it is back. */
  wishStatus(status: MyStatus) {
    if (!this.setStatus(status)) this.wished = status;
  }

  /** The click of the bar "Click to resume the call", and of "Allow the microphone". */
  async resume() {
    this.dispatch({ type: "needs_click", needsClick: false });
    this.touched();
    await this.bringMicrophone();
    await this.line?.play();
    this.follow(this.state, this.state);
  }

  /** Asks the browser for the microphone, so that the first caller need not wait for it. */
  async allowMicrophone() {
    this.microphoneRestsUntil = 0;
    await this.bringMicrophone();
    this.follow(this.state, this.state);
  }

  async changeMicrophone(deviceId: string | null) {
    preferences.set({ microphoneId: deviceId });
    if (this.microphone.track === null) return;
    this.microphone.close();
    await this.bringMicrophone();
  }

  async changeSpeaker(deviceId: string | null) {
    preferences.set({ speakerId: deviceId });
    await this.line?.speakThrough(deviceId);
  }

  preferencesChanged = () => this.follow(this.state, this.state);

  dispatch(event: PhoneEvent) {
    const before = this.state;
    this.state = reduce(before, event);
    if (this.state === before) return;
    this.follow(before, this.state);
    this.notify();
  }

  private touched = () => {
    if (this.state.sound) return;
    void unlock().then((sounds) => {
      if (!sounds || !this.running) return;
      this.dispatch({ type: "sound" });
      void this.line?.play();
    });
  };

  private heard(frame: ServerFrame) {
    this.line?.heard(frame);
    if (frame.type === "hello") this.readySaid = "";
    this.dispatch({ type: "frame", frame, now: Date.now() });
    if (frame.type === "hello") {
      if (frame.my_call !== null && mutedCall.is(frame.my_call.id)) this.dispatch({ type: "muted", muted: true });
      // The line of a lost stream is not trusted: a new one is cheap and the server puts the call back on it.
      if (this.state.line !== "replaced") this.openLine();
      if (this.wished !== null) this.setStatus(this.wished);
    }
    if (frame.type === "call") for (const listener of this.callListeners) listener(frame.call);
    if (frame.type === "hello") for (const listener of this.callListeners) listener(null);
    if (frame.type === "message" || frame.type === "permission" || frame.type === "number_changed") {
      for (const listener of this.newsListeners) listener(frame);
    }
    if (frame.type === "hello") for (const listener of this.newsListeners) listener(null);
    if (frame.type === "alerts" || frame.type === "hello") for (const listener of this.alertListeners) listener();
    // After any other goodbye (a restart, a page that was too slow) the stream comes back by itself.
    if (frame.type === "bye" && (frame.why === "logout" || frame.why === "disabled")) this.live.stop();
  }

  private elected(phone: boolean) {
    this.dispatch({ type: "tab", tab: phone ? "phone" : "other" });
    if (phone) this.openLine();
    else this.line?.close();
  }

  private openLine() {
    const { tab, stream, myCall } = this.state;
    if (tab !== "phone" || stream !== "open" || typeof RTCPeerConnection === "undefined") return;
    if (!window.isSecureContext) return;
    this.line?.open(this.iceServers);
    // After a reload: the microphone first. While it runs the browser lets the page sound without a click.
    if (myCall !== null && !this.state.sound) {
      void this.bringMicrophone().then(async (open) => {
        const sounds = open && (await unlock());
        if (sounds) this.dispatch({ type: "sound" });
        this.dispatch({ type: "needs_click", needsClick: !sounds && this.state.myCall !== null });
        if (sounds) void this.line?.play();
      });
    }
  }

  private async bringMicrophone(): Promise<boolean> {
    try {
      const track = await this.microphone.open(preferences.get().microphoneId);
      track.enabled = this.state.myCall !== null && !this.state.muted;
      await this.line?.send(track);
      return true;
    } catch {
      this.microphoneRestsUntil = Date.now() + MICROPHONE_REST_MS;
      return false;
    }
  }

  /** Does what a change of state asks for. */
  private follow(before: PhoneState, now: PhoneState) {
    const mine = now.tab === "phone" && now.line !== "replaced";
    const rings = mine && !now.silenced && now.sound && now.cards.some(isRinging);
    this.ringer.set(rings ? (now.myCall === null ? "ring" : "knock") : "no", preferences.get);

    const warm = preferences.get().warmMicrophone && now.microphone === "granted" && now.status === "available";
    const offered = now.cards.some((card) => card.phase === "ringing" || card.phase === "connecting");
    const track = this.microphone.track;
    if (mine && (offered || now.myCall !== null || warm)) {
      const asks = now.microphone === "granted" || now.microphone === "prompt";
      if (track === null && asks && Date.now() >= this.microphoneRestsUntil) void this.bringMicrophone();
    } else if (track !== null) {
      void this.line?.send(null);
      this.microphone.close();
    }
    if (track !== null) track.enabled = now.myCall !== null && !now.muted;

    if (mine && before.myCall !== null && now.myCall === null) {
      mutedCall.remember(null);
      play(END_TONE, Math.max(0.3, preferences.get().volume));
    }
    this.sayReady(now, mine);
    this.measure(now);
    clearTimeout(this.sweep);
    if (now.justEnded !== null || now.cards.some((card) => card.gone !== null)) {
      this.sweep = setTimeout(() => this.dispatch({ type: "swept", now: Date.now() }), GONE_FOR_MS / 4);
    }
  }

  private sayReady(now: PhoneState, mine: boolean) {
    if (!mine || now.stream !== "open") return;
    const microphone = now.microphone === "granted" || now.microphone === "prompt" ? now.microphone : "denied";
    const frame: ClientFrame = { type: "ready", sound: now.sound, microphone };
    const words = JSON.stringify(frame);
    if (words !== this.readySaid && this.live.send(frame)) this.readySaid = words;
  }

  private measure(now: PhoneState) {
    const wanted = now.myCall !== null && now.tab === "phone";
    if (wanted && this.stats === undefined) {
      this.stats = setInterval(async () => {
        const stats = await this.line?.stats();
        const call = this.state.myCall;
        if (stats === null || stats === undefined || call === null) return;
        const agent = { mos: null, ...stats };
        const frame = { type: "quality", call_id: call.id, customer: this.state.quality.customer, agent } as const;
        this.dispatch({ type: "frame", frame, now: Date.now() });
      }, STATS_EVERY_MS);
    } else if (!wanted && this.stats !== undefined) {
      clearInterval(this.stats);
      this.stats = undefined;
    }
  }

  private refused(callId: string, error: unknown) {
    const known = error instanceof ApiError;
    this.dispatch({
      type: "refused",
      callId,
      code: known ? error.code : "unreachable",
      takenBy: known ? (error.problem.taken_by ?? null) : null,
      now: Date.now(),
    });
  }

  private async sessionStands(): Promise<boolean> {
    try {
      await api.me();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) return true;
      this.dispatch({ type: "frame", frame: { type: "bye", why: "logout" }, now: Date.now() });
      return false;
    }
  }

  /** Tells the components once per frame; at once when the page is hidden, where no frame would come. */
  private notify() {
    if (document.visibilityState === "hidden") {
      for (const listener of this.listeners) listener();
    } else if (!this.scheduled) {
      this.scheduled = true;
      requestAnimationFrame(() => {
        this.scheduled = false;
        for (const listener of this.listeners) listener();
      });
    }
  }
}

export const phone = new Phone();
