/**
 * The words of the REST API and the live stream. Everything the contract describes comes from it: `schema.d.ts` is generated from the
 * OpenAPI file (`npm run generate` in `clients/typescript`). It writes closed sets of words as text; those this console draws
 * differently are narrowed here. The frames of the live stream stay ours, so that their `type` tells them apart.
 */
import type { components } from "../../../clients/typescript/src/schema";

type Schemas = components["schemas"];

/** The server always writes the fields it has no value for, as `null`; only a map of optional fields says "may be absent". */
type Written<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
type Narrowed<T, N> = Omit<Written<T>, keyof N> & N;

export type Language = "en" | "es" | "pt-BR";
export type Direction = "incoming" | "outgoing";

export type ProviderState =
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

export type Call = Narrowed<
  Schemas["Call"],
  { direction: Direction; state: ProviderState; status: Status; caller: Caller; quality: Quality | null }
>;

export type CallEvent = Narrowed<
  Pick<Schemas["CallEventView"], "seq" | "at" | "kind" | "data">,
  { data: Record<string, unknown> | null }
>;
export type CallDetail = Call & { events: CallEvent[] };
export type CallPage = Narrowed<Schemas["CallPage"], { items: Call[] }>;
export type Me = Narrowed<
  Schemas["Me"],
  { role: "operator" | "admin" | "supervisor" | "agent"; language: Language; ice_servers: RTCIceServer[] }
>;
export type PhoneNumber = Written<Schemas["Number"]>;
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
    }
  | { type: "call"; call: Call; event: { kind: string; at: string } }
  | { type: "offer"; offer: Offer }
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
  | { type: "error"; request: string | null; code: string; detail: string }
  | { type: "pong" }
  | { type: "bye"; why: string };

/** What we say on the live stream. */
export type ClientFrame = Schemas["ClientMessage"];
