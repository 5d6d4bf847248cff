/** Small calls and offers for tests. */
import type { Call, Offer, ServerFrame } from "./api-types";

const START = Date.parse("2026-11-20T10:00:00.000Z");

export function aCall(id: string, change: Partial<Call>): Call {
  return {
    id,
    direction: "incoming",
    state: "pre_accepted",
    status: "ringing",
    outcome: null,
    end_reason: null,
    ended_by: null,
    number: { id: "num_1", name: "Madrid store", display_phone: "+34 910 550 119" },
    caller: { name: "Mariana Costa", phone: "+55 11 98211 4477", username: null, country: "BR" },
    cta_payload: null,
    deeplink_payload: null,
    branch_id: null,
    offered_at: new Date(START).toISOString(),
    placed_by: null,
    dialled_at: null,
    rang_at: null,
    answer_by: null,
    ring_until: null,
    pre_accepted_at: null,
    accepted_at: null,
    answered_at: null,
    answered_by: null,
    ended_at: null,
    ringing: [],
    ringing_count: 0,
    talk_seconds: null,
    duration_seconds: null,
    error: null,
    quality: null,
    recording: null,
    ...change,
  };
}

export function anOffer(id: string, seconds: number): Offer {
  return {
    call: aCall(id, {}),
    ring_until: new Date(START + seconds * 1000).toISOString(),
    others: [{ id: "u2", name: "Marco" }],
    others_count: 1,
    last: false,
  };
}

type Hello = Extract<ServerFrame, { type: "hello" }>;

export function hello(change: Partial<Hello>): Hello {
  return {
    type: "hello",
    server_time: new Date(START).toISOString(),
    connection_id: "c",
    user: { id: "user_1", name: "Ana Ribeiro" },
    calls: [],
    offers: [],
    my_call: null,
    my_status: "available",
    presence: [],
    draining_ends_at: null,
    ...change,
  };
}
