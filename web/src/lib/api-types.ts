/**
 * The words of the REST API and the live stream.
 *
 * Written by hand from the API's description. Once `clients/typescript/src/schema.d.ts` is generated from the OpenAPI file, each
 * REST type here becomes `components["schemas"][…]` of it; the frames of the live stream stay here, OpenAPI cannot say them.
 */

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

export type AgentState =
  | "offline"
  | "not_ready"
  | "available"
  | "ringing"
  | "busy"
  | "cooldown"
  | "missed"
  | "do_not_disturb";

export interface Person {
  id: string;
  name: string;
}

export interface Quality {
  mos: number | null;
  loss_percent: number | null;
  jitter_ms: number | null;
  rtt_ms: number | null;
}

export interface Call {
  id: string;
  direction: Direction;
  state: ProviderState;
  status: Status;
  outcome: string | null;
  end_reason: string | null;
  ended_by: string | null;
  number: { id: string; name: string; display_phone: string };
  caller: { name: string | null; phone: string | null; username: string | null; country: string | null };
  cta_payload: string | null;
  deeplink_payload: string | null;
  branch_id: string | null;
  offered_at: string | null;
  answer_by: string | null;
  ring_until: string | null;
  pre_accepted_at: string | null;
  accepted_at: string | null;
  answered_at: string | null;
  answered_by: Person | null;
  ended_at: string | null;
  ringing: Person[];
  talk_seconds: number | null;
  duration_seconds: number | null;
  error: { code: number | string | null; message: string | null } | null;
  quality: Quality | null;
}

export interface CallEvent {
  seq: number;
  at: string;
  kind: string;
  data: Record<string, unknown> | null;
}

export interface CallDetail extends Call {
  events: CallEvent[];
}

export interface CallPage {
  items: Call[];
  next_cursor: string | null;
}

export interface Me {
  id: string;
  name: string;
  email: string;
  role: "operator" | "admin" | "supervisor" | "agent";
  language: Language | null;
  tenant: { id: string; name: string };
  ice_servers: RTCIceServer[];
  can: Record<string, boolean>;
}

export interface PhoneNumber {
  id: string;
  name: string;
  display_phone: string;
  calling_enabled: boolean;
  destination: string;
  branch_id: string | null;
}

export interface Server {
  name: string;
  version: string;
  sandbox: boolean;
  needs_setup: boolean;
  phone_page_url: string | null;
  languages: Language[];
}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  taken_by?: Person;
}

export interface Offer {
  call: Call;
  ring_until: string;
  others: Person[];
  last: boolean;
}

export interface Presence {
  user_id: string;
  name: string;
  state: AgentState;
}

export type MyStatus = "available" | "do_not_disturb";
export type OfferGoneWhy = "taken" | "answered" | "declined" | "ended" | "unavailable" | "timed_out";
export type MicrophonePermission = "granted" | "prompt" | "denied";

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
export type ClientFrame =
  | { type: "line_open"; request: string; sdp: string }
  | { type: "line_close" }
  | { type: "ready"; sound: boolean; microphone: MicrophonePermission }
  | { type: "status"; status: MyStatus }
  | { type: "ping" };
