/**
 * What the softphone knows, and how each word from the server or the person changes it. Pure: no clock, no browser, no network;
 * whoever dispatches passes `now`. What has to be done about a change (ring, open the microphone) is decided in `phone.ts`.
 */
import type {
  AgentState,
  Call,
  MicrophonePermission,
  MyStatus,
  Offer,
  OfferGoneWhy,
  Person,
  Quality,
  ServerFrame,
} from "../api-types";
import { clockOffset } from "../clock";

/** A card ignores clicks and keys for this long after it came, so that nobody answers or declines by accident. */
export const GUARD_MS = 400;
/** "Lucía took it" stays this long. */
export const GONE_FOR_MS = 3_000;
/** Why a customer was not reached takes longer to read. */
export const NOT_REACHED_FOR_MS = 10_000;

export type LineState = "closed" | "opening" | "connected" | "lost" | "failed" | "replaced";
/** `insecure`: the page came over plain HTTP, the browser has no microphone to give. */
export type Microphone = MicrophonePermission | "insecure" | "missing";

export interface Card {
  call: Call;
  ringUntil: string;
  /** How long it rang in total when it arrived; the bar is drawn against it. */
  ringForMs: number;
  others: Person[];
  /** The server names the first eight of them only. */
  othersCount: number;
  last: boolean;
  arrivedAt: number;
  phase: "ringing" | "connecting" | "declining" | "gone";
  gone: { why: OfferGoneWhy; by: Person | null; at: number } | null;
  /** Why Answer or Decline did not work, as a code. */
  trouble: string | null;
}

export interface PhoneState {
  stream: "connecting" | "open" | "lost";
  lostAt: number | null;
  /** Set after a loss of more than two seconds, until dismissed. */
  back: { afterS: number; arrived: number } | null;
  offsetMs: number;
  status: MyStatus;
  presence: Record<string, { name: string; state: AgentState }>;
  live: Record<string, Call>;
  cards: Card[];
  silenced: boolean;
  myCall: Call | null;
  ending: boolean;
  muted: boolean;
  justEnded: { call: Call; at: number } | null;
  tab: "electing" | "phone" | "other";
  line: LineState;
  lineId: string | null;
  lineLostAt: number | null;
  sound: boolean;
  microphone: Microphone;
  /** The browser refused to go on with the call by itself after a reload. */
  needsClick: boolean;
  quality: { customer: Quality | null; agent: Quality | null };
  byeWhy: string | null;
  /** The server is being stopped: until when calls may go on. */
  drainingUntil: string | null;
}

export const initialState: PhoneState = {
  stream: "connecting",
  lostAt: null,
  back: null,
  offsetMs: 0,
  status: "available",
  presence: {},
  live: {},
  cards: [],
  silenced: false,
  myCall: null,
  ending: false,
  muted: false,
  justEnded: null,
  tab: "electing",
  line: "closed",
  lineId: null,
  lineLostAt: null,
  sound: false,
  microphone: "prompt",
  needsClick: false,
  quality: { customer: null, agent: null },
  byeWhy: null,
  drainingUntil: null,
};

export type PhoneEvent =
  | { type: "frame"; frame: ServerFrame; now: number }
  | { type: "stream_lost"; now: number }
  | { type: "back_seen" }
  | { type: "tab"; tab: "phone" | "other" }
  | { type: "line"; line: LineState; lineId?: string | null; now: number }
  | { type: "sound" }
  | { type: "microphone"; microphone: Microphone }
  | { type: "needs_click"; needsClick: boolean }
  | { type: "answering"; callId: string }
  | { type: "answered"; call: Call }
  | { type: "declining"; callId: string }
  | { type: "declined"; callId: string; now: number }
  | { type: "refused"; callId: string; code: string; takenBy: Person | null; now: number }
  | { type: "muted"; muted: boolean }
  | { type: "ending"; ending: boolean }
  | { type: "silenced" }
  | { type: "status"; status: MyStatus }
  | { type: "swept"; now: number };

const LIVE: Call["state"][] = ["dialled", "ringing", "pre_accepted", "accepted"];

export function isOver(call: Call): boolean {
  return !LIVE.includes(call.state);
}

/** A call of ours that the customer has not picked up (yet, or ever). */
export function isDialling(call: Call): boolean {
  return call.direction === "outgoing" && call.accepted_at === null;
}

export function isRinging(card: Card): boolean {
  return card.phase === "ringing";
}

/** May a click or key on this card count already? */
export function guarded(card: Card, now: number): boolean {
  return now - card.arrivedAt < GUARD_MS;
}

function cardOf(offer: Offer, offsetMs: number, now: number): Card {
  const left = Date.parse(offer.ring_until) - (now + offsetMs);
  return {
    call: offer.call,
    ringUntil: offer.ring_until,
    ringForMs: Math.max(left, 1_000),
    others: offer.others,
    othersCount: offer.others_count,
    last: offer.last,
    arrivedAt: now,
    phase: "ringing",
    gone: null,
    trouble: null,
  };
}

/** Cards never swap places: a known one is changed where it lies, a new one comes below. */
function withOffer(cards: Card[], offer: Offer, offsetMs: number, now: number): Card[] {
  const at = cards.findIndex((card) => card.call.id === offer.call.id);
  const known = cards[at];
  if (known === undefined) return [...cards, cardOf(offer, offsetMs, now)];
  if (known.phase === "gone") return cards.with(at, cardOf(offer, offsetMs, now));
  return cards.with(at, {
    ...known,
    call: offer.call,
    ringUntil: offer.ring_until,
    others: offer.others,
    othersCount: offer.others_count,
    last: offer.last,
  });
}

function change(cards: Card[], callId: string, how: (card: Card) => Card): Card[] {
  return cards.map((card) => (card.call.id === callId ? how(card) : card));
}

function goneCard(card: Card, why: OfferGoneWhy, by: Person | null, now: number): Card {
  return card.phase === "gone" ? card : { ...card, phase: "gone", gone: { why, by, at: now } };
}

/** An own answer or decline needs no farewell on the card; that somebody else was faster or the caller left does. */
function afterGone(cards: Card[], callId: string, why: OfferGoneWhy, by: Person | null, now: number): Card[] {
  if (why === "taken" || why === "ended" || why === "timed_out") {
    return change(cards, callId, (card) =>
      card.phase === "declining" ? { ...card, phase: "gone", gone: null } : goneCard(card, why, by, now),
    ).filter((card) => card.phase !== "gone" || card.gone !== null);
  }
  return cards.filter((card) => card.call.id !== callId);
}

function withMyCall(state: PhoneState, call: Call | null, now: number): PhoneState {
  const before = state.myCall;
  const next = call !== null && isOver(call) ? null : call;
  const same = before !== null && next !== null && before.id === next.id;
  return {
    ...state,
    myCall: next,
    cards: next === null ? state.cards : state.cards.filter((card) => card.call.id !== next.id),
    ending: same ? state.ending : false,
    muted: same ? state.muted : false,
    needsClick: next === null ? false : state.needsClick,
    quality: same ? state.quality : { customer: null, agent: null },
    justEnded:
      before !== null && next === null
        ? { call: call ?? state.live[before.id] ?? before, at: now }
        : next === null
          ? state.justEnded
          : null,
  };
}

function withCall(state: PhoneState, call: Call, now: number): PhoneState {
  const live = { ...state.live };
  if (isOver(call)) delete live[call.id];
  else live[call.id] = call;
  let next: PhoneState = { ...state, live, cards: change(state.cards, call.id, (card) => ({ ...card, call })) };
  if (isOver(call)) next = { ...next, cards: afterGone(next.cards, call.id, "ended", null, now) };
  if (state.myCall?.id === call.id) next = withMyCall(next, call, now);
  else if (state.justEnded?.call.id === call.id) next = { ...next, justEnded: { ...state.justEnded, call } };
  return next;
}

function hello(state: PhoneState, frame: Extract<ServerFrame, { type: "hello" }>, now: number): PhoneState {
  const offsetMs = clockOffset(frame.server_time, now);
  let cards: Card[] = [];
  for (const card of state.cards) {
    const offer = frame.offers.find((each) => each.call.id === card.call.id);
    if (offer !== undefined) cards = [...cards, ...withOffer([card], offer, offsetMs, now)];
  }
  for (const offer of [...frame.offers].sort((a, b) => a.ring_until.localeCompare(b.ring_until))) {
    if (!cards.some((card) => card.call.id === offer.call.id)) cards = withOffer(cards, offer, offsetMs, now);
  }
  const goneForS = state.lostAt === null ? 0 : Math.round((now - state.lostAt) / 1000);
  const arrived = frame.calls.filter((call) => state.live[call.id] === undefined).length;
  const next: PhoneState = {
    ...state,
    stream: "open",
    lostAt: null,
    back: goneForS >= 2 ? { afterS: goneForS, arrived } : state.back,
    offsetMs,
    status: frame.my_status,
    presence: Object.fromEntries(frame.presence.map((each) => [each.user_id, { name: each.name, state: each.state }])),
    live: Object.fromEntries(frame.calls.map((call) => [call.id, call])),
    cards,
    byeWhy: null,
    drainingUntil: frame.draining_ends_at,
  };
  return withMyCall(next, frame.my_call, now);
}

function fromServer(state: PhoneState, frame: ServerFrame, now: number): PhoneState {
  switch (frame.type) {
    case "hello":
      return hello(state, frame, now);
    case "call":
      return withCall(state, frame.call, now);
    case "call_gone": {
      const { [frame.call_id]: _gone, ...live } = state.live;
      return { ...state, live };
    }
    case "offer":
      return {
        ...state,
        silenced: state.cards.some(isRinging) ? state.silenced : false,
        live: { ...state.live, [frame.offer.call.id]: frame.offer.call },
        cards: withOffer(state.cards, frame.offer, state.offsetMs, now),
      };
    case "offer_gone":
      return { ...state, cards: afterGone(state.cards, frame.call_id, frame.why, frame.by, now) };
    case "my_call":
      return withMyCall(state, frame.call, now);
    case "line":
      if (frame.line_id !== state.lineId) return state;
      return { ...state, line: frame.state, lineLostAt: frame.state === "lost" ? (state.lineLostAt ?? now) : null };
    case "presence":
      return { ...state, presence: { ...state.presence, [frame.user_id]: { name: frame.name, state: frame.state } } };
    case "quality":
      if (frame.call_id !== state.myCall?.id) return state;
      return { ...state, quality: { customer: frame.customer, agent: frame.agent } };
    case "draining":
      return { ...state, drainingUntil: frame.ends_at };
    case "bye":
      return { ...state, byeWhy: frame.why };
    case "line_answer":
    case "alerts":
    case "number_changed":
    case "message":
    case "permission":
    case "error":
    case "pong":
      return state;
    // A page that stays open over an update hears words it does not know yet.
    default:
      return state;
  }
}

/** How long the handset shows a call that is over. */
function lingers(call: Call): number {
  return isDialling(call) && call.outcome !== "cancelled" ? NOT_REACHED_FOR_MS : GONE_FOR_MS;
}

export function reduce(state: PhoneState, event: PhoneEvent): PhoneState {
  switch (event.type) {
    case "frame":
      return fromServer(state, event.frame, event.now);
    case "stream_lost":
      return { ...state, stream: "lost", lostAt: state.lostAt ?? event.now, back: null };
    case "back_seen":
      return { ...state, back: null };
    case "tab":
      return { ...state, tab: event.tab };
    case "line":
      return {
        ...state,
        line: event.line,
        lineId: event.lineId === undefined ? state.lineId : event.lineId,
        lineLostAt: event.line === "connected" || event.line === "closed" ? null : (state.lineLostAt ?? event.now),
      };
    case "sound":
      return state.sound ? state : { ...state, sound: true };
    case "microphone":
      return state.microphone === event.microphone ? state : { ...state, microphone: event.microphone };
    case "needs_click":
      return { ...state, needsClick: event.needsClick };
    case "answering":
      return {
        ...state,
        cards: change(state.cards, event.callId, (card) => ({ ...card, phase: "connecting", trouble: null })),
      };
    case "answered": {
      // The frames of the stream are in order and this answer is not: what they told is newer, and a call they ended stays ended.
      const known = state.live[event.call.id];
      return known === undefined ? state : { ...withMyCall(state, known, 0), justEnded: null };
    }
    case "declining":
      return {
        ...state,
        cards: change(state.cards, event.callId, (card) => ({ ...card, phase: "declining", trouble: null })),
      };
    case "declined":
      return { ...state, cards: afterGone(state.cards, event.callId, "declined", null, event.now) };
    case "refused":
      if (event.code === "already_taken" || event.code === "over" || event.code === "not_ringing") {
        const why = event.code === "already_taken" ? "taken" : "ended";
        return {
          ...state,
          cards: change(state.cards, event.callId, (card) => goneCard(card, why, event.takenBy, event.now)),
        };
      }
      return {
        ...state,
        cards: change(state.cards, event.callId, (card) =>
          card.phase === "gone" ? card : { ...card, phase: "ringing", trouble: event.code },
        ),
      };
    case "muted":
      return { ...state, muted: event.muted };
    case "ending":
      return { ...state, ending: event.ending };
    case "status":
      return { ...state, status: event.status };
    case "silenced":
      return { ...state, silenced: true };
    case "swept":
      return {
        ...state,
        cards: state.cards.filter((card) => card.gone === null || event.now - card.gone.at < GONE_FOR_MS),
        justEnded:
          state.justEnded !== null && event.now - state.justEnded.at >= lingers(state.justEnded.call)
            ? null
            : state.justEnded,
      };
  }
}
