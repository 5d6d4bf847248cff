/**
 * The words of the REST API and the live stream. Everything the contract describes comes from it: `schema.d.ts` is generated from the
 * OpenAPI file (`npm run generate` in `clients/typescript`). It writes closed sets of words as text; those this console draws
 * differently are narrowed here. The frames of the live stream stay ours, so that their `type` tells them apart.
 */
import type { components } from "../../../clients/typescript/src/schema";

export type Schemas = components["schemas"];

/** The server always writes the fields it has no value for, as `null`; only a map of optional fields says "may be absent". */
export type Written<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
export type Narrowed<T, N> = Omit<Written<T>, keyof N> & N;

export type Language = "en" | "es" | "pt-BR";
export type Direction = "incoming" | "outgoing";

export type ProviderState =
  | "dialled"
  | "ringing"
  | "pre_accepted"
  | "accepted"
  | "terminated"
  | "rejected"
  | "missed"
  | "failed"
  | "cancelled";

export type Status = "offered" | "ringing" | "answered" | "ended" | "missed" | "rejected" | "failed";

export type AgentState = "offline" | "not_ready" | "available" | "ringing" | "busy" | "do_not_disturb";

export type Person = Schemas["Person"];
/** Our own half of a call is measured by the browser, which may not know every figure yet. */
export type Quality = { [K in keyof Schemas["Quality"]]-?: number | null };
export type Caller = Written<Schemas["Caller"]>;

/** What the recording of a call that goes on is doing, and what I may do about it. */
export type CallRecording = Narrowed<
  Schemas["RecordingNow"],
  { state: "announcing" | "recording" | "paused" | "off" | "failed" }
>;

export type Call = Narrowed<
  Schemas["Call"],
  {
    direction: Direction;
    state: ProviderState;
    status: Status;
    caller: Caller;
    quality: Quality | null;
    recording: CallRecording | null;
  }
>;

export type CallEvent = Narrowed<
  Pick<Schemas["CallEventView"], "seq" | "at" | "kind" | "data">,
  { data: Record<string, unknown> | null }
>;
export type RecordingState = "recording" | "paused" | "processing" | "ready" | "failed" | "deleted";
/** What was kept of a call. */
export type Recording = Narrowed<Schemas["Recording"], { state: RecordingState }>;
export type RecordingPage = Narrowed<Schemas["RecordingList"], { items: Recording[] }>;
export type CallDetail = Call & { events: CallEvent[]; recordings: Recording[] };
export type CallPage = Narrowed<Schemas["CallPage"], { items: Call[] }>;
export type Me = Narrowed<
  Schemas["Me"],
  { role: "operator" | "admin" | "supervisor" | "agent"; language: Language; ice_servers: RTCIceServer[] }
>;
export type PhoneNumber = Written<Schemas["Number"]>;
export type RecordingMode = "off" | "on" | "agent";
export type Announcement = Language | "own";
export type NumberSettings = Narrowed<
  Schemas["NumberSettings"],
  {
    srtp_key_exchange: "dtls" | "sdes";
    additional_codecs: ("pcmu" | "pcma")[];
    recording_mode: RecordingMode;
    recording_announcement: Announcement;
    notice_language: Language;
    drain_answer: "reject" | "ignore";
  }
>;
export type NumberSettingsChange = Schemas["NumberSettingsChange"];
export type Server = Narrowed<Schemas["Server"], { languages: Language[] }>;
export type Setup = Narrowed<Schemas["Setup"], { language: Language }>;
export type Login = Schemas["Login"];
export type MeChange = Schemas["MeChange"];
/** Empty when the answer carried none: a proxy's error page, or no answer at all. */
export type Problem = Partial<Schemas["Problem"]>;

export type Offer = Narrowed<Schemas["Offer"], { call: Call }>;
export type Presence = Narrowed<Schemas["AgentPresence"], { state: AgentState }>;

export type MyStatus = Schemas["AgentStatus"];
export type OfferGoneWhy = "taken" | "answered" | "declined" | "ended" | "unavailable" | "timed_out";
export type MicrophonePermission = Schemas["MicrophonePermission"];

export type Alert = Narrowed<Schemas["Alert"], { data: Record<string, unknown> | null }>;

/** What the server says on the live stream. */
export type ServerFrame =
  | {
      type: "hello";
      server_time: string;
      connection_id: string;
      user: Person;
      calls: Call[];
      offers: Offer[];
      my_call: Call | null;
      my_status: MyStatus;
      presence: Presence[];
      draining_ends_at: string | null;
    }
  | { type: "call"; call: Call; event: { kind: string; at: string } }
  | { type: "offer"; offer: Offer }
  | { type: "call_gone"; call_id: string }
  | { type: "offer_gone"; call_id: string; why: OfferGoneWhy; by: Person | null }
  | { type: "line_answer"; request: string; line_id: string; sdp: string }
  | {
      type: "line";
      line_id: string;
      state: "connected" | "lost" | "closed" | "replaced" | "failed";
      detail?: string | null;
    }
  | { type: "my_call"; call: Call | null }
  | { type: "presence"; user_id: string; name: string; state: AgentState }
  | { type: "quality"; call_id: string; customer: Quality | null; agent: Quality | null }
  | { type: "draining"; ends_at: string }
  | { type: "alerts"; items: Alert[] }
  | { type: "number_changed"; number_id: string }
  | { type: "message"; message: Message; event: { kind: string; at: string } }
  | { type: "permission"; permission: Wallet; event: { kind: string; at: string } }
  | { type: "error"; request: string | null; code: string; detail: string }
  | { type: "pong" }
  | { type: "bye"; why: string };

/** What we say on the live stream. */
export type ClientFrame = Schemas["ClientMessage"];

export type AutomationState = "none" | "ai" | "flow" | "blocked";

/** Who talks with the business: a number, WhatsApp's id of him for this business, or both. */
export type Contact = Narrowed<Schemas["Contact"], { automation_state: AutomationState }>;

export type PermissionStatus = "none" | "requested" | "temporary" | "permanent" | "denied" | "revoked" | "expired";
export type WalletEntry = Written<Schemas["PermissionEntry"]>;

/** What a customer allows one of our numbers, with every limit that counts. */
export type Wallet = Narrowed<
  Schemas["Permission"],
  {
    status: PermissionStatus;
    said_by: "us" | "meta";
    requests: Written<Schemas["RequestsUsed"]>;
    history: WalletEntry[];
  }
>;

export type ReasonCode = Schemas["EligibilityReason"]["code"];

/** A server newer than this page may know more reasons and remedies. */
export type EligibilityReason = Narrowed<
  Schemas["EligibilityReason"],
  { code: string; remedy: string; data: Written<Schemas["EligibilityNumbers"]> }
>;

/** May we call, now? All that stands in the way, and what should be known. */
export type Eligibility = Narrowed<
  Schemas["EligibilityView"],
  { reasons: EligibilityReason[]; warnings: EligibilityReason[] }
>;

export type Message = Narrowed<Schemas["Message"], { direction: Direction }>;
export type MessagePage = Narrowed<Schemas["Messages"], { items: Message[] }>;

/** A template WhatsApp has approved for the business of a number. */
export type Template = Written<Schemas["Template"]>;
