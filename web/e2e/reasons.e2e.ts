/** Every reason for which a customer may not be called: brought about for real, read in the console, refused by the server. */
import type { Page } from "@playwright/test";
import { type Agent, EMAIL, expect, openColleague, PASSWORD, test } from "./support/agent";
import { look, open } from "./support/look";
import { NewServer, PROGRAM } from "./support/new-server";
import { Desk, type Reason } from "./support/reasons";
import { simulator } from "./support/simulator";

const SECONDS = { hour: 3_600, day: 86_400 };

/** What the customer has allowed. */
const PERMISSION: Reason[] = [
  {
    code: "permission_missing",
    sentence: /^The customer has not given permission to be called\./,
    remedy: "request_permission",
    cause: (desk) => desk.customer("Clara Nunes"),
    way: async ({ page, isGone, row }) => {
      await page.getByTestId("reasons").getByTestId("remedy-request_permission").click();
      await page.getByRole("dialog").getByRole("button", { name: "Ask", exact: true }).click();
      await expect(row("permission_requested")).toHaveCount(1);
      await isGone("permission_missing");
    },
  },
  {
    code: "permission_requested",
    sentence: /^The customer has been asked for permission and has not answered yet\./,
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.customer("Pedro Alves");
      await desk.asks(customer);
      return customer;
    },
    way: async (desk, { phone }) => {
      await simulator.reply(phone, "temporary");
      // Nobody has loaded the page again.
      await expect(desk.button).toBeVisible();
    },
  },
  {
    code: "permission_denied",
    sentence: /^The customer declined the request for permission\./,
    remedy: "request_permission",
    cause: async (desk) => {
      const customer = await desk.customer("Sofia Lindqvist");
      await desk.asks(customer);
      await simulator.reply(customer.phone, "decline");
      await desk.walletSays(customer, "denied");
      return customer;
    },
  },
  {
    code: "permission_revoked",
    sentence: /^The permission to call was taken back\./,
    remedy: "request_permission",
    cause: async (desk) => {
      const customer = await desk.customer("Hugo Martin");
      await simulator.profile(customer.phone, "permanent");
      await desk.walletSays(customer, "permanent");
      await simulator.profile(customer.phone, "decline");
      await desk.walletSays(customer, "revoked");
      return customer;
    },
  },
  {
    code: "permission_expired",
    sentence: /^The permission to call has run out\./,
    remedy: "request_permission",
    cause: async (desk) => {
      const customer = await desk.customer("Elif Kaya");
      await simulator.permit(customer.phone, "temporary", { for_seconds: 10 });
      await desk.lookUp(customer);
      // Meta sends nothing when it is over; the page that is open shows it.
      await desk.opens(customer);
      await expect(desk.row("permission_expired")).toHaveCount(1, { timeout: 30_000 });
      await desk.walletSays(customer, "expired");
      return customer;
    },
  },
  {
    code: "permission_call_within_passed",
    sentence: /^The permission is older than this business uses one\./,
    remedy: "request_permission",
    cause: async (desk) => {
      const customer = await desk.customer("Noah Weber");
      // An hour is left of seven days.
      await simulator.permit(customer.phone, "temporary", { for_seconds: SECONDS.hour });
      await desk.lookUp(customer);
      return customer;
    },
  },
  {
    code: "permission_expires_soon",
    sentence: /The permission to call ends soon\. It ends: /,
    remedy: null,
    warns: true,
    cause: async (desk) => {
      const customer = await desk.customer("Amara Obi");
      // Given two and a half days ago: within the 72 hours of the house, and half a day is left of them.
      await simulator.permit(customer.phone, "temporary", { for_seconds: 4.5 * SECONDS.day });
      await desk.lookUp(customer);
      return customer;
    },
  },
  {
    code: "connected_limit",
    sentence: /^100 of 100 calls with this customer were connected in 24 hours\./,
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.customer("Mateo Rojas");
      await simulator.permit(customer.phone, "permanent", { connected: 100 });
      await desk.lookUp(customer);
      return customer;
    },
  },
];

async function answersAnOffer(desk: Desk, name: string, words: string) {
  const customer = await desk.customer(name);
  await desk.says(customer, "May we call you about it?", { offers_call: true });
  await desk.hears(customer, words);
  return customer;
}

async function worksOn(desk: Desk, name: string, automation_state: string) {
  const customer = await desk.customer(name);
  await desk.ask("PATCH", `/contacts/${customer.contact}`, { automation_state });
  return customer;
}

async function takesOver({ page, isGone }: Desk, code: string) {
  await page.getByTestId("remedy-take_over").click();
  await isGone(code);
}

/** What the customer has said, and what works on him besides people. */
const CONSENT: Reason[] = [
  {
    code: "no_conversation",
    sentence: /^There has been no conversation with this customer\./,
    remedy: "send_message",
    cause: (desk) => desk.stranger("Ingrid Dahl"),
    way: async ({ page }) => {
      await page.getByTestId("remedy-send_message").first().click();
      await expect(page.getByRole("tab", { name: "Messages" })).toHaveAttribute("aria-selected", "true");
    },
  },
  {
    code: "outside_window_without_consent",
    sentence: /^The customer's last message is older than 24 hours, and there is no explicit consent\./,
    remedy: "send_message",
    cause: async (desk) => {
      const customer = await desk.stranger("Omar Haddad");
      await desk.hears(customer, "Is the shop open?", 25 * SECONDS.hour);
      return customer;
    },
  },
  {
    code: "no_call_request",
    sentence: /^The customer has not asked for a call\./,
    remedy: "record_consent",
    cause: (desk) => desk.customer("Lucie Moreau"),
    way: async ({ page, isGone }) => {
      await page.getByTestId("remedy-record_consent").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Evidence").fill("Signed the form at the counter");
      await dialog.getByRole("button", { name: "Record consent" }).click();
      await isGone("no_call_request");
    },
  },
  {
    code: "consent_not_affirmative",
    sentence: /^The customer did not say yes to the offer of a call\./,
    remedy: "record_consent",
    cause: (desk) => answersAnOffer(desk, "Tomasz Nowak", "Which colours do you have?"),
  },
  {
    code: "declined_before",
    sentence: /^The customer declined a call before\./,
    remedy: "record_consent",
    cause: (desk) => answersAnOffer(desk, "Giulia Conti", "No, thanks"),
  },
  {
    code: "consent_expired",
    sentence: /^The customer's consent has run out\./,
    remedy: "record_consent",
    cause: async (desk) => {
      const customer = await desk.customer("Kofi Mensah");
      await desk.ask("POST", `/contacts/${customer.contact}/consents`, {
        kind: "opt_in",
        evidence_text: "For this afternoon only",
        valid_until: new Date(Date.now() + 10_000).toISOString(),
      });
      // The page that is open shows it.
      await desk.opens(customer);
      await expect(desk.row("consent_expired")).toHaveCount(1, { timeout: 30_000 });
      return customer;
    },
  },
  {
    code: "opted_out",
    sentence: /^The customer does not want to be called\./,
    remedy: "remove_opt_out",
    cause: (desk) => desk.customer("Renata Souza", "Please don't call me"),
    way: async ({ page, isGone }) => {
      await page.getByTestId("remedy-remove_opt_out").click();
      await page.getByRole("button", { name: "Withdraw: Opted out" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Withdraw" }).click();
      await isGone("opted_out");
    },
  },
  {
    code: "automation_active",
    sentence: /^An assistant or a flow is speaking with this customer\./,
    remedy: "take_over",
    cause: (desk) => worksOn(desk, "Anton Petrov", "ai"),
    way: (desk) => takesOver(desk, "automation_active"),
  },
  {
    code: "automation_blocked",
    sentence: /^The automation of this contact blocks calls\./,
    remedy: "take_over",
    cause: (desk) => worksOn(desk, "Beatriz Lima", "blocked"),
    way: (desk) => takesOver(desk, "automation_blocked"),
  },
  {
    code: "customer_uncallable",
    sentence: /^This customer cannot be called on WhatsApp\./,
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.customer("Walter Braun");
      // His app knows no question for permission: Meta cannot deliver it (131026).
      await simulator.behave(customer.phone, { old_app: true });
      await desk.asks(customer);
      return customer;
    },
  },
];

/** Meta takes the calls of the business away for so long. A restriction of the same kind takes the place of the one before. */
function restricts(desk: Desk, seconds: number) {
  const expiration = Math.floor(Date.now() / 1_000) + seconds;
  const restrictions = [{ type: "RESTRICTED_BUSINESS_INITIATED_CALLING", expiration }];
  return simulator.number(desk.atMeta, { restrictions });
}

/** What the number may do. */
const NUMBER: Reason[] = [
  {
    code: "calling_disabled",
    sentence: /^Calling is switched off for this number\./,
    remedy: "switch_on_calling",
    cause: async (desk) => {
      await desk.calling({ calling: false });
      return desk.friend("Yara Costa");
    },
    way: async (desk, customer) => {
      const { page } = desk;
      await page.getByTestId("remedy-switch_on_calling").first().click();
      await expect(page).toHaveURL(/\/calling$/);
      await page.getByRole("switch", { name: "Take calls" }).click();
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText(/^Meta has taken the settings of/)).toBeVisible();
      await desk.visits(customer);
      await expect(desk.button).toBeVisible();
    },
  },
  {
    code: "business_calls_disabled",
    sentence: /^Calls to customers are switched off for this number\./,
    remedy: "switch_on_calling",
    cause: async (desk) => {
      await desk.calling({ business_calls: false });
      return desk.friend("Luan Ribeiro");
    },
    way: async (desk) => {
      // Somebody else switches them on; the page hears of it.
      await desk.calling({ business_calls: true });
      await expect(desk.button).toBeVisible();
    },
  },
  {
    code: "restricted_by_meta",
    sentence: /^Meta does not let this number call at the moment\. Possible again: /,
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.friend("Zeynep Demir");
      await restricts(desk, 60);
      return customer;
    },
    way: async (desk) => {
      // Meta names an earlier end; the page hears of it, and knows when it is over.
      await restricts(desk, 3);
      await expect(desk.button).toBeVisible({ timeout: 30_000 });
    },
  },
  {
    code: "quality_red",
    sentence: /^Meta rates the quality of this number as low; it makes no calls until that is better\./,
    // There is no other number to call from.
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.friend("Felix Wagner");
      await simulator.number(desk.atMeta, { quality_rating: "RED" });
      return customer;
    },
  },
  {
    code: "quality_yellow",
    sentence: /Meta warns about the quality of this number\./,
    remedy: null,
    warns: true,
    cause: async (desk) => {
      const customer = await desk.friend("Chloé Petit");
      await simulator.number(desk.atMeta, { quality_rating: "YELLOW" });
      await desk.readMeta();
      return customer;
    },
    undo: async (desk) => {
      await simulator.number(desk.atMeta, { quality_rating: "GREEN" });
      await desk.readMeta();
    },
  },
  {
    code: "suspended",
    sentence: /^Calling is suspended after too many missed calls\. Possible again: /,
    remedy: "lift_suspension",
    cause: async (desk) => {
      await desk.limits({ missed: 1 });
      const customer = await desk.friend("Marek Svoboda");
      const call = await simulator.place({ name: "Marek Svoboda", from: customer.phone, hang_up_after_ms: 500 });
      await simulator.ended(call.id, "customer");
      const state = async () =>
        (await desk.ask<{ state: { suspended_until: string | null } }>("GET", `/numbers/${desk.number}/safeguards`))
          .state.suspended_until;
      await expect.poll(state).not.toBeNull();
      return customer;
    },
    way: async ({ page, isGone, button }) => {
      await page.getByTestId("remedy-lift_suspension").click();
      await page.getByRole("dialog").getByRole("button", { name: "Lift the pause" }).click();
      await isGone("suspended");
      await expect(button).toBeVisible();
    },
    undo: async (desk) => void (await desk.limits({ missed: null })),
  },
];

/** Calls the customer by the green button and is turned away. */
async function isDeclined(desk: Desk, press: () => Promise<void>) {
  await press();
  await expect(desk.page.getByTestId("not-reached")).toBeVisible();
  await expect(desk.page.getByTestId("handset")).toBeHidden({ timeout: 15_000 });
}

/** Who turns down every call: his first one has been. */
let decliner: Promise<{ phone: string; contact: string }> | null = null;
function whoDeclines(desk: Desk) {
  decliner ??= (async () => {
    const customer = await desk.friend("Paula Reyes");
    await simulator.behave(customer.phone, { call: { declines_after_ms: 300 } });
    await desk.visits(customer);
    await isDeclined(desk, desk.calls);
    return customer;
  })();
  return decliner;
}

/** What calls do to the next call. */
const CALLS: Reason[] = [
  {
    code: "rate_limit_minute",
    sentence: /^This number made \d+ of 1 calls in the last minute\. Possible again: /,
    remedy: null,
    cause: async (desk) => {
      const customer = await whoDeclines(desk);
      await desk.limits({ per_minute: 1 });
      return customer;
    },
    undo: async (desk) => void (await desk.limits({ per_minute: null })),
  },
  {
    code: "rate_limit_hour",
    sentence: /^This number made \d+ of 1 calls in the last hour\. Possible again: /,
    remedy: null,
    cause: async (desk) => {
      const customer = await whoDeclines(desk);
      await desk.limits({ per_hour: 1 });
      return customer;
    },
    undo: async (desk) => void (await desk.limits({ per_hour: null })),
  },
  {
    code: "unanswered_before_limit",
    sentence:
      /Calls in a row the customer did not take: 1; the limit of this number is 4\. If he does not take this one, WhatsApp tells him/,
    remedy: null,
    warns: true,
    cause: whoDeclines,
  },
  {
    code: "unanswered_streak",
    sentence: /^Calls in a row the customer did not take: 1; the limit of this number is 2\.$/,
    remedy: null,
    cause: async (desk) => {
      const customer = await whoDeclines(desk);
      await desk.limits({ unanswered_block: 2 });
      return customer;
    },
    way: async (desk) => {
      const panel = desk.page.getByTestId("reasons");
      await panel.getByRole("checkbox", { name: "Call all the same" }).check();
      await isDeclined(desk, () => panel.getByRole("button", { name: "Call", exact: true }).click());
    },
    undo: async (desk) => void (await desk.limits({ unanswered_block: null })),
  },
  {
    code: "call_in_progress",
    sentence: /^There is a call with this customer already\./,
    remedy: null,
    cause: async (desk) => {
      const customer = await desk.friend("Isabel Prieto");
      await simulator.behave(customer.phone, { call: "lets_it_ring" });
      await desk.visits(customer);
      await desk.calls();
      await expect(desk.page.getByTestId("call-state")).toHaveText("Ringing");
      return customer;
    },
    way: async ({ page, isGone, button, row }) => {
      // It rings on in the page that was loaded again, and the one who called cannot speak with anybody else.
      await expect(row("no_agent_available")).toContainText("You are in a call");
      await expect(row("no_agent_available").getByRole("button")).toHaveCount(0);
      await page
        .getByTestId("handset")
        .getByRole("button", { name: /^(End|Cancel)/ })
        .click();
      await isGone("call_in_progress");
      await expect(button).toBeVisible();
    },
  },
  {
    code: "no_agent_available",
    sentence: /^Nobody is available to speak\./,
    remedy: "become_available",
    cause: async (desk) => {
      const customer = await desk.friend("Daan Visser");
      // The browser is told to give nobody the microphone.
      const context = desk.page.context();
      await context.clearPermissions();
      await context.grantPermissions(["notifications"]);
      return customer;
    },
    way: async (desk, customer) => {
      const { page, isGone, button, row } = desk;
      const says = async () => {
        await page.getByTestId("remedy-become_available").click();
        await expect(row("no_agent_available")).toContainText("Not ready: microphone");
      };
      await says();
      // The dialog for a number that is typed says it, too.
      await open(page, "/calls");
      await page.getByTestId("dial-open").click();
      await page.getByTestId("dial-phone").fill(`+${customer.phone}`);
      await page.getByTestId("dial-check").click();
      await page.getByTestId("call-blocked").filter({ hasText: "Can’t call yet" }).click();
      await says();
      await desk.opens(customer);
      await says();
      // Only the person can allow it; the page sees it at once.
      await page.context().grantPermissions(["notifications", "microphone"]);
      await isGone("no_agent_available");
      await expect(button).toBeVisible();
    },
  },
  {
    code: "monthly_limit",
    sentence: /^\d+ of 1 minutes of this month are used\. Possible again: /,
    remedy: "raise_limit",
    cause: async (desk) => {
      const { page } = desk;
      const customer = await desk.friend("Jonas Keller");
      // A call that was taken has a begun minute.
      await simulator.behave(customer.phone, { hang_up_after_answer_ms: 2_500 });
      await desk.visits(customer);
      await desk.calls();
      await expect(page.getByTestId("handset")).toBeVisible();
      await expect(page.getByTestId("handset")).toBeHidden({ timeout: 15_000 });
      await open(page, "/settings/business");
      await page.getByRole("textbox", { name: "Minutes of a month" }).fill("1");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("Saved. It counts at once.")).toBeVisible();
      return customer;
    },
    way: async (desk, customer) => {
      const { page } = desk;
      await open(page, "/settings/business");
      const minutes = page.getByRole("textbox", { name: "Minutes of a month" });
      await expect(minutes).toHaveValue("1");
      await expect(page.getByText(/Used this month: [1-9]/)).toBeVisible();
      await minutes.fill("");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("Saved. It counts at once.")).toBeVisible();
      await desk.visits(customer);
      await expect(desk.button).toBeVisible();
    },
  },
];

const CLOSED: Reason = {
  code: "outside_hours",
  sentence: /^It is outside the hours of this number\. Possible again: /,
  remedy: "open_hours",
  cause: async (desk) => {
    const customer = await desk.friend("Nora Olsen");
    const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    await desk.hours({ [days[(new Date().getUTCDay() + 3) % 7] ?? "mon"]: [["09:00", "13:00"]] }, true);
    return customer;
  },
  way: async (desk, customer) => {
    await simulator.behave(customer.phone, { call: { declines_after_ms: 300 } });
    const panel = desk.page.getByTestId("reasons");
    await look(desk.page, "reasons-urgent");
    await panel.getByRole("checkbox", { name: /^Urgent/ }).check();
    await isDeclined(desk, () => panel.getByRole("button", { name: "Call", exact: true }).click());
  },
};

const NOT_OFFERED: Pick<Reason, "code" | "sentence"> = {
  code: "country_not_offered",
  sentence: /^WhatsApp does not offer calls from numbers of this country\./,
};

/** One after the other at one desk; the number is left as it was found. */
async function through(agent: Agent, reasons: Reason[]) {
  const desk = await Desk.at(agent.page);
  await desk.calling({ calling: true, business_calls: true });
  try {
    for (const reason of reasons) {
      await test.step(reason.code, async () => {
        const customer = await reason.cause(desk);
        await desk.meets(reason, customer);
        await reason.way?.(desk, customer);
        await reason.undo?.(desk);
      });
    }
  } finally {
    await desk.reset();
  }
  return desk;
}

test.describe("every reason for which a customer may not be called", () => {
  test.describe.configure({ timeout: 240_000 });
  test.use({ actionTimeout: 20_000 });

  test("what the customer allows: asked, refused, taken back, run out, used up", async ({ agent }) => {
    await through(agent, PERMISSION);
  });

  test("what the customer has said, in the language of the page", async ({ agent }) => {
    const desk = await through(agent, CONSENT);
    const { page } = desk;
    const stranger = await desk.stranger("Ingrid Dahl");
    await desk.ask("PATCH", "/me", { language: "es" });
    try {
      await open(page, `/contacts/${stranger.contact}`);
      await page.getByTestId("call-blocked").click();
      await expect(desk.row("no_conversation")).toContainText("No ha habido ninguna conversación con este cliente.");
      await expect(desk.row("no_conversation").getByRole("button")).toHaveText("Enviar un mensaje");
    } finally {
      await desk.ask("PATCH", "/me", { language: "en" });
    }
  });

  test("what the number may do", async ({ agent }) => {
    await through(agent, NUMBER);
  });

  test("what calls do to the next one", async ({ agent }) => {
    await through(agent, CALLS);
  });

  test("outside of the hours only a supervisor calls, as urgent", async ({ agent, browser }) => {
    const desk = await Desk.at(agent.page);
    const customers: Awaited<ReturnType<Reason["cause"]>>[] = [];
    const cause = async () => {
      const customer = await CLOSED.cause(desk);
      customers.push(customer);
      return customer;
    };
    try {
      await through(agent, [{ ...CLOSED, cause }]);
      await desk.calling({ business_calls: true });
      const [customer] = customers;
      const colleague = await openColleague(agent, browser, "Marta Vidal");
      try {
        await open(colleague.page, `/contacts/${customer?.contact}`);
        await colleague.ready();
        await colleague.page.getByTestId("call-blocked").click();
        const panel = colleague.page.getByTestId("reasons");
        await expect(panel).toContainText("Only a supervisor can call outside of the hours, as urgent.");
        await expect(panel).toContainText("An admin can change this");
        await expect(panel.getByRole("checkbox")).toHaveCount(0);
        await look(colleague.page, "reasons-agent");
        const urgent = { contact_id: customer?.contact, number_id: desk.number, override: { hours: true } };
        const refused = await colleague.page.request.post("/api/v1/calls", { data: urgent });
        expect(refused.status()).toBe(403);
      } finally {
        await colleague.disable();
        await colleague.page.context().close();
      }
    } finally {
      await desk.hours(alwaysOpen(), false);
      await desk.reset();
    }
  });

  test("where Meta offers no calls of businesses", async ({ page }) => {
    test.skip(PROGRAM === undefined, "SWITCHBOARD_BIN names no server to start");
    const server = await NewServer.start(PROGRAM ?? "", "demo", {
      SWITCHBOARD_COUNTRIES_WITHOUT_BUSINESS_CALLS: "GB",
      SWITCHBOARD_ADMIN_EMAIL: EMAIL,
      SWITCHBOARD_ADMIN_PASSWORD: PASSWORD,
    });
    try {
      await server.ready();
      await signInAt(page, server.url);
      const api = (path: string) => `${server.url}/api/v1${path}`;
      const [number] = (await (await page.request.get(api("/numbers"))).json()).items;
      const new_contact = { phone: "+49 1523 4000001", name: "Amelie Roux" };
      const contact = await (await page.request.post(api("/contacts"), { data: new_contact })).json();
      await page.goto(`${server.url}/contacts/${contact.id}`);
      await page.getByTestId("call-blocked").filter({ hasText: "Can’t call yet" }).click();
      const row = page.getByTestId("reasons").getByRole("listitem").filter({ hasText: NOT_OFFERED.code });
      await expect(row.getByText(NOT_OFFERED.sentence)).toBeVisible();
      // There is no other number to call from.
      await expect(row.getByRole("button")).toHaveCount(0);
      const call = { contact_id: contact.id, number_id: number.id };
      const answer = await page.request.post(api("/calls"), { data: call });
      expect(answer.status()).toBe(409);
      const { reasons } = (await answer.json()) as { reasons: { code: string; sentence: string }[] };
      expect(reasons.find(({ code }) => code === NOT_OFFERED.code)?.sentence).toMatch(NOT_OFFERED.sentence);
    } finally {
      await server.stop();
    }
  });

  test("no reason of the contract is left out", async ({ request }) => {
    const contract = await (await request.get("/api/openapi.json")).json();
    const known: string[] = contract.components.schemas.EligibilityReason.properties.code.enum;
    const shown = [...PERMISSION, ...CONSENT, ...NUMBER, ...CALLS, CLOSED, NOT_OFFERED].map(({ code }) => code);
    expect([...shown].sort()).toEqual([...known].sort());
  });
});

function alwaysOpen() {
  return Object.fromEntries(
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map((day) => [day, [["00:00", "24:00"]]]),
  );
}

async function signInAt(page: Page, origin: string) {
  await page.goto(`${origin}/login`);
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
}
