/** What the simulator's phone page backend says and hears. */

export interface Customer {
  name: string;
  phone: string | null;
  username?: string | null;
}

export interface BusinessNumber {
  id: string;
  name: string;
  display_phone: string;
}

export type PhoneSound = "microphone" | "voice" | "tone";

export interface Faults {
  duplicate?: number;
  terminate_before_connect?: number;
  drop_terminate?: number;
  stale?: number;
  graph_delay_ms?: number;
  graph_error?: { code: number; http_status: number; probability: number };
}

export const FAULTS: { name: FaultName; faults: Faults }[] = [
  { name: "duplicate", faults: { duplicate: 1 } },
  { name: "end_first", faults: { terminate_before_connect: 1 } },
  { name: "drop_end", faults: { drop_terminate: 1 } },
  { name: "stale", faults: { stale: 1 } },
  { name: "slow", faults: { graph_delay_ms: 4000 } },
  { name: "refuse", faults: { graph_error: { code: 138006, http_status: 400, probability: 1 } } },
];

export type FaultName = "duplicate" | "end_first" | "drop_end" | "stale" | "slow" | "refuse";

export type PhoneState = "calling" | "ringing" | "connected" | "ended";

/** Something between the business and the customer, as the simulator keeps it. */
export interface Message {
  id: string;
  at: number;
  from: "business" | "customer" | "system";
  kind: string;
  text: string;
  status: string;
  error: number | null;
  button: string | null;
  button_until: number | null;
  open: boolean;
}

export type Permission = { status: "no_permission" } | { status: "temporary"; until: number } | { status: "permanent" };

export interface Pair {
  permission: Permission;
  messages: Message[];
}

export type PermissionAnswer = "temporary" | "permanent" | "decline";

export type FromSimulator =
  | ({ type: "pair" } & Pair)
  | { type: "incoming"; call: string | null; number?: string }
  | { type: "refused"; why: string }
  | { type: "answer"; sdp: string }
  | { type: "state"; state: PhoneState; why?: string | null }
  | { type: "log"; at_ms: number; what: string };

async function items<T>(path: string): Promise<T[]> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const body = (await response.json()) as { items: T[] };
  return body.items;
}

export const simulator = {
  customers: () => items<Customer>("/simulator/v1/customers"),
  numbers: () => items<BusinessNumber>("/simulator/v1/numbers"),
  socket(): WebSocket {
    const url = new URL("/simulator/v1/phone", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url);
  },
};

/** Digits as the world writes them. */
export function international(phone: string): string {
  return phone.startsWith("+") ? phone : `+${phone}`;
}
