/** The control API of the simulator: makes customers call and tells what they heard. */
import { expect } from "@playwright/test";

const BASE = process.env.SIMULATOR_URL ?? "http://127.0.0.1:8090";

export interface CustomerCall {
  id: string;
  name: string;
  state: "offered" | "ringing" | "pre_accepted" | "accepted" | "ended";
  direction: "user_initiated" | "business_initiated";
  ended_by: string | null;
  heard: { packets: number; lost: number; dominant_hz: number | null; level_dbfs: number | null; ssrcs: number[] };
}

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${BASE}/simulator/v1${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const simulator = {
  url: BASE,
  place: (call: object) => ask<{ id: string }>("POST", "/calls", { sound: { tone_hz: 440 }, ...call }),
  call: (id: string) => ask<CustomerCall>("GET", `/calls/${id}`),
  calls: async () => (await ask<{ items: CustomerCall[] }>("GET", "/calls")).items,
  hangUp: (id: string) => ask<unknown>("POST", `/calls/${id}/hang-up`, {}),

  /** What is granted and written between a customer and the first number. */
  pair: (customer: string) =>
    ask<{ permission: { status: string }; messages: { id: string; kind: string; text: string; open: boolean }[] }>(
      "GET",
      `/pair?customer=${encodeURIComponent(customer)}`,
    ),
  /** Puts a permission there, without a webhook: `for_seconds` of a temporary one, `connected` calls of the business before. */
  permit: (
    customer: string,
    status: "no_permission" | "temporary" | "permanent",
    more: { for_seconds?: number; connected?: number } = {},
  ) => ask<unknown>("POST", "/permissions", { customer, status, ...more }),
  /** What a customer does when the business calls or asks. */
  behave: (customer: string, behaviour: object) => ask<unknown>("PUT", "/behaviour", { customer, ...behaviour }),
  reply: (customer: string, answer: "temporary" | "permanent" | "decline") =>
    ask<unknown>("POST", "/replies", { customer, answer }),
  /** What the customer sets in the profile of the business. */
  profile: (customer: string, answer: "permanent" | "decline") =>
    ask<unknown>("POST", "/profile", { customer, answer }),
  /** `secondsAgo`: written then; the webhook comes only now. */
  write: (customer: string, text: string, secondsAgo = 0) =>
    ask<{ id: string }>("POST", "/messages", { customer, text, seconds_ago: secondsAgo }),
  numbers: async () => (await ask<{ items: { id: string }[] }>("GET", "/numbers")).items,
  advance: (seconds: number) => ask<unknown>("POST", "/clock/advance", { seconds }),
  number: (id: string, change: object) => ask<unknown>("PATCH", `/numbers/${id}`, change),

  /** No call of the test before rings into the next one. */
  async quiet() {
    for (const call of await simulator.calls()) {
      if (call.state !== "ended") await simulator.hangUp(call.id);
    }
    await expect.poll(async () => (await simulator.calls()).every((call) => call.state === "ended")).toBe(true);
  },

  async hears(id: string, hz: number) {
    await expect
      .poll(async () => (await simulator.call(id)).heard.dominant_hz ?? 0, { message: `the customer hears ${hz} Hz` })
      .toBeGreaterThan(hz - 15);
    const { dominant_hz, ssrcs } = (await simulator.call(id)).heard;
    if (dominant_hz !== null) expect(Math.abs(dominant_hz - hz)).toBeLessThan(15);
    expect(ssrcs).toHaveLength(1);
  },

  /** Two looks in a row: the tone itself pauses, and a pause is not silence. */
  async hearsNothing(id: string) {
    let before = 0;
    await expect
      .poll(
        async () => {
          const level = (await simulator.call(id)).heard.level_dbfs ?? 0;
          const both = Math.max(before, level) < -55 && before < 0;
          before = level;
          return both;
        },
        { message: "the customer hears nothing", intervals: [600] },
      )
      .toBe(true);
  },

  async ended(id: string, by: string) {
    await expect.poll(async () => (await simulator.call(id)).state).toBe("ended");
    expect((await simulator.call(id)).ended_by).toBe(by);
  },
};
