import { describe, expect, it } from "vitest";
import type { ServerFrame } from "../api-types";
import { aCall, anOffer, hello } from "../test-data";
import { guarded, initialState, isDialling, type PhoneEvent, type PhoneState, reduce } from "./state";

const NOW = Date.parse("2026-11-20T10:00:00.000Z");

function told(...events: PhoneEvent[]): PhoneState {
  return events.reduce(reduce, initialState);
}

const frame = (of: Extract<PhoneEvent, { type: "frame" }>["frame"], now = NOW): PhoneEvent => ({
  type: "frame",
  frame: of,
  now,
});

const open = frame(hello({}));

describe("cards", () => {
  it("a new card comes below and cards never swap places", () => {
    const first = anOffer("a", 30);
    const state = told(
      open,
      frame({ type: "offer", offer: first }),
      frame({ type: "offer", offer: anOffer("b", 10) }),
      frame({ type: "offer", offer: { ...first, others: [], last: true } }),
    );
    expect(state.cards.map((card) => card.call.id)).toEqual(["a", "b"]);
    expect(state.cards[0]?.last).toBe(true);
  });

  it("offers of a hello are sorted by time left, known cards stay where they are", () => {
    const before = told(open, frame({ type: "offer", offer: anOffer("c", 25) }));
    const state = reduce(before, frame(hello({ offers: [anOffer("a", 20), anOffer("b", 5), anOffer("c", 25)] })));
    expect(state.cards.map((card) => card.call.id)).toEqual(["c", "b", "a"]);
  });

  it("somebody faster is named for three seconds and then the card goes", () => {
    const gone = told(
      open,
      frame({ type: "offer", offer: anOffer("a", 30) }),
      frame({ type: "offer_gone", call_id: "a", why: "taken", by: { id: "u2", name: "Lucía" } }, NOW + 1000),
    );
    expect(gone.cards[0]?.gone?.by?.name).toBe("Lucía");
    expect(reduce(gone, { type: "swept", now: NOW + 3_900 }).cards).toHaveLength(1);
    expect(reduce(gone, { type: "swept", now: NOW + 4_000 }).cards).toHaveLength(0);
  });

  it("an end that arrives twice leaves one farewell", () => {
    const offer = anOffer("a", 30);
    const over = { ...offer.call, state: "cancelled", status: "missed", ended_at: "2026-11-20T10:00:02Z" } as const;
    const state = told(
      open,
      frame({ type: "offer", offer }),
      frame({ type: "offer_gone", call_id: "a", why: "ended", by: null }),
      frame({ type: "call", call: over, event: { kind: "call.cancelled", at: "x" } }),
      frame({ type: "offer_gone", call_id: "a", why: "ended", by: null }, NOW + 500),
    );
    expect(state.cards).toHaveLength(1);
    expect(state.cards[0]?.gone?.at).toBe(NOW);
    expect(state.live).toEqual({});
  });

  it("my own decline leaves no farewell, whoever speaks first", () => {
    const ringing = [open, frame({ type: "offer", offer: anOffer("a", 30) })];
    const declining: PhoneEvent = { type: "declining", callId: "a" };
    const gone = frame({ type: "offer_gone", call_id: "a", why: "declined", by: null });
    expect(told(...ringing, declining, gone).cards).toEqual([]);
    expect(told(...ringing, declining, { type: "declined", callId: "a", now: NOW }).cards).toEqual([]);
    const ended = frame({ type: "offer_gone", call_id: "a", why: "ended", by: null });
    expect(told(...ringing, declining, ended).cards).toEqual([]);
  });

  it("an answer that was refused says who took it, or rings on with the reason", () => {
    const base = told(open, frame({ type: "offer", offer: anOffer("a", 30) }), { type: "answering", callId: "a" });
    expect(base.cards[0]?.phase).toBe("connecting");
    const taken = reduce(base, {
      type: "refused",
      callId: "a",
      code: "already_taken",
      takenBy: { id: "u", name: "Lucía" },
      now: NOW,
    });
    expect(taken.cards[0]?.gone).toMatchObject({ why: "taken", by: { name: "Lucía" } });
    const noLine = reduce(base, { type: "refused", callId: "a", code: "no_line", takenBy: null, now: NOW });
    expect(noLine.cards[0]).toMatchObject({ phase: "ringing", trouble: "no_line" });
  });

  it("a card ignores clicks for its first 400 ms", () => {
    const card = told(open, frame({ type: "offer", offer: anOffer("a", 30) })).cards[0];
    if (card === undefined) throw new Error("there is a card");
    expect(guarded(card, NOW + 399)).toBe(true);
    expect(guarded(card, NOW + 400)).toBe(false);
  });

  it("silence lasts while the same calls ring and not for the next one", () => {
    const silent = told(open, frame({ type: "offer", offer: anOffer("a", 30) }), { type: "silenced" });
    expect(reduce(silent, frame({ type: "offer", offer: anOffer("b", 30) })).silenced).toBe(true);
    const quiet = reduce(silent, frame({ type: "offer_gone", call_id: "a", why: "answered", by: null }));
    expect(reduce(quiet, frame({ type: "offer", offer: anOffer("b", 30) })).silenced).toBe(false);
  });
});

describe("my call", () => {
  const talking = aCall("a", { state: "accepted", status: "answered" });

  it("takes the place of its card and starts unmuted", () => {
    const state = told(
      open,
      frame({ type: "offer", offer: anOffer("a", 30) }),
      { type: "muted", muted: true },
      frame({ type: "my_call", call: talking }),
    );
    expect(state.cards).toEqual([]);
    expect(state.myCall?.id).toBe("a");
    expect(state.muted).toBe(false);
  });

  it("stays muted while it changes, and is remembered for a moment after its end", () => {
    const muted = told(open, frame({ type: "my_call", call: talking }), { type: "muted", muted: true });
    const changed = reduce(muted, frame({ type: "call", call: talking, event: { kind: "x", at: "x" } }));
    expect(changed.muted).toBe(true);
    const over = { ...talking, state: "terminated", status: "ended", ended_at: "2026-11-20T10:05:00Z" } as const;
    const ended = reduce(changed, frame({ type: "call", call: over, event: { kind: "call.terminated", at: "x" } }));
    expect(ended.myCall).toBeNull();
    expect(ended.justEnded?.call.ended_at).toBe("2026-11-20T10:05:00Z");
    expect(reduce(ended, frame({ type: "my_call", call: null }, NOW + 10)).justEnded?.at).toBe(NOW);
    expect(reduce(ended, { type: "swept", now: NOW + 3_000 }).justEnded).toBeNull();
  });

  it("an answer to the click that comes late takes nothing back", () => {
    const stale = aCall("a", { state: "pre_accepted" });
    const ringing = [open, frame({ type: "offer", offer: anOffer("a", 30) })];
    const accepted = { ...talking, accepted_at: "2026-11-20T10:00:05Z" };
    const state = told(
      ...ringing,
      frame({ type: "call", call: accepted, event: { kind: "call.accepted", at: "x" } }),
      frame({ type: "my_call", call: accepted }),
      { type: "answered", call: stale },
    );
    expect(state.myCall?.accepted_at).toBe("2026-11-20T10:00:05Z");
    const over = { ...talking, state: "terminated", status: "ended" } as const;
    const ended = told(...ringing, frame({ type: "call", call: over, event: { kind: "call.terminated", at: "x" } }), {
      type: "answered",
      call: stale,
    });
    expect(ended.myCall).toBeNull();
  });

  it("comes back with the hello after a refresh", () => {
    expect(told(frame(hello({ my_call: talking }))).myCall?.id).toBe("a");
  });

  it("takes figures only of itself", () => {
    const quality = { mos: 4, loss_percent: 0, jitter_ms: 1, rtt_ms: 2 };
    const state = told(open, frame({ type: "my_call", call: talking }));
    expect(reduce(state, frame({ type: "quality", call_id: "z", customer: quality, agent: null }))).toBe(state);
    const measured = reduce(state, frame({ type: "quality", call_id: "a", customer: quality, agent: null }));
    expect(measured.quality.customer).toEqual(quality);
  });
});

describe("the line and the stream", () => {
  it("word of another line changes nothing", () => {
    const state = told(open, { type: "line", line: "connected", lineId: "line_2", now: NOW });
    expect(reduce(state, frame({ type: "line", line_id: "line_1", state: "replaced" }))).toBe(state);
    expect(reduce(state, frame({ type: "line", line_id: "line_2", state: "lost" })).line).toBe("lost");
  });

  it("a short gap is not worth a word, a long one tells what came meanwhile", () => {
    const lost = told(open, { type: "stream_lost", now: NOW });
    expect(reduce(lost, frame(hello({}), NOW + 900)).back).toBeNull();
    const back = reduce(lost, frame(hello({ calls: [aCall("x", {}), aCall("y", {})] }), NOW + 6_000));
    expect(back.back).toEqual({ afterS: 6, arrived: 2 });
  });

  it("counts from the first loss when it is lost again and again", () => {
    const state = told(open, { type: "stream_lost", now: NOW }, { type: "stream_lost", now: NOW + 4_000 });
    expect(state.lostAt).toBe(NOW);
  });
});

describe("a call of ours", () => {
  const dialled = aCall("a", { direction: "outgoing", state: "dialled", status: "offered" });

  it("goes on while nobody has picked up, and is no talk", () => {
    const state = told(open, frame({ type: "my_call", call: dialled }));
    expect(state.myCall?.id).toBe("a");
    expect(isDialling(dialled)).toBe(true);
    expect(isDialling({ ...dialled, state: "accepted", accepted_at: "2026-11-20T10:00:09.000Z" })).toBe(false);
  });

  it("that reached nobody stays long enough to be read, one I gave up does not", () => {
    const end = (change: Partial<typeof dialled>) =>
      told(
        open,
        frame({ type: "my_call", call: dialled }),
        frame({
          type: "call",
          call: { ...dialled, ended_at: "2026-11-20T10:00:09.000Z", ...change },
          event: { kind: "call.failed", at: "2026-11-20T10:00:09.000Z" },
        }),
      );
    const refused = end({ state: "failed", outcome: "failed", end_reason: "no_call_permission" });
    expect(reduce(refused, { type: "swept", now: NOW + 9_000 }).justEnded?.call.end_reason).toBe("no_call_permission");
    expect(reduce(refused, { type: "swept", now: NOW + 10_000 }).justEnded).toBeNull();
    const given = end({ state: "cancelled", outcome: "cancelled", end_reason: "agent_hung_up" });
    expect(reduce(given, { type: "swept", now: NOW + 3_000 }).justEnded).toBeNull();
  });
});

describe("what the phone does not know", () => {
  it("leaves it as it was: a page may be older than its server", () => {
    const state = reduce(initialState, { type: "frame", frame: hello({}), now: 0 });
    const strange = { type: "weather", sunny: true } as unknown as ServerFrame;
    expect(reduce(state, { type: "frame", frame: strange, now: 1 })).toBe(state);
  });
});
