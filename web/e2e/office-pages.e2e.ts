/** The pages of those who administer, wide and narrow, light and dark, with something on them. */
import type { Page } from "@playwright/test";
import { expect, openColleague, test } from "./support/agent";
import { look, open } from "./support/look";
import { simulator } from "./support/simulator";

async function made<T>(page: Page, path: string, data: object): Promise<T> {
  const answer = await page.request.post(`/api/v1${path}`, { data });
  expect(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** The page has what it asked the server for. */
async function settled(page: Page) {
  await page.waitForLoadState("networkidle");
  await expect(page.getByTestId("skeleton")).toHaveCount(0);
}

test.describe("every page of those who administer", () => {
  test.describe.configure({ timeout: 240_000 });

  test("people, branches, keys and the business", async ({ agent, browser }) => {
    const { page } = agent;
    const colleague = await openColleague(agent, browser, "Marco Rossi", "supervisor");
    await colleague.page.context().close();
    const { items } = await (await page.request.get("/api/v1/branches")).json();
    if (items.length === 0) await made(page, "/branches", { name: "Lisboa" });
    const invitation = { email: `ines-${Date.now()}@example.com`, name: "Inés Molina", role: "agent", language: "es" };
    const { link } = await made<{ link: string }>(page, "/invitations", invitation);
    await made(page, "/api-keys", { name: "Order desk", role: "agent" });
    for (const section of ["people", "branches", "business", "api-keys", "password"]) {
      await open(page, `/settings/${section}`);
      await settled(page);
      await look(page, `settings-${section}`);
    }
    await open(page, "/settings/people");
    await page.getByRole("button", { name: "Invite" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, "invite-dialog");
    await page.keyboard.press("Escape");

    await page.context().clearCookies();
    await page.goto(new URL(link).pathname);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("My business");
    await look(page, "invite");
    await page.goto("/forgot");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await look(page, "forgot");
    await page.goto("/reset/no-such-link");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await look(page, "reset");
  });

  test("numbers, and who is blocked", async ({ agent }) => {
    const { page } = agent;
    await open(page, "/numbers");
    await settled(page);
    await look(page, "numbers");
    await page.getByRole("row").nth(1).getByRole("link").click();
    await expect(page.getByRole("navigation", { name: /^Settings of/ }).first()).toBeVisible();
    const id = new URL(page.url()).pathname.split("/")[2];
    const sections = page.locator(`nav a[href*="${id}"]`);
    for (let place = 0; place < (await sections.count()); place += 1) {
      await sections.nth(place).click();
      await settled(page);
      await look(page, `number-${new URL(page.url()).pathname.split("/").pop()}`);
    }
    const blocked = { phone: "+351 912 000 111", reason: "shouts at everybody" };
    const entry = await made<{ id: string }>(page, "/blocked-callers", blocked);
    await open(page, "/settings/blocked-callers");
    await settled(page);
    await look(page, "settings-blocked-callers");
    await page.request.delete(`/api/v1/blocked-callers/${entry.id}`);
  });

  test("contacts, and what one of them allows", async ({ agent }) => {
    const { page } = agent;
    const customer = await simulator.place({ name: "Thomas Becker", from: "4915122004810", hang_up_after_ms: 300 });
    await simulator.ended(customer.id, "customer");
    const { items } = await (await page.request.get("/api/v1/contacts?q=Thomas")).json();
    const contact: { id: string } =
      items[0] ?? (await made(page, "/contacts", { phone: "+49 1512 2004810", name: "Thomas Becker", tags: ["vip"] }));
    await made(page, `/contacts/${contact.id}/consents`, { kind: "opt_in", evidence_text: "Ja, gern per Anruf" });

    await open(page, "/contacts");
    await settled(page);
    await look(page, "contacts");
    await open(page, "/contacts?q=nobody-is-called-this");
    await settled(page);
    await look(page, "contacts-nothing");
    await open(page, "/contacts");
    await page.getByRole("button", { name: "Add contact" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, "contact-add");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Import CSV" }).click();
    const choose = (text: string) =>
      page
        .locator('input[type="file"]')
        .setInputFiles({ name: "contacts.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    await choose("phone,name,shoe_size\n+34 612 004 187,Javier Ortega,43\nnonsense,Rosa Villalba,38\n");
    await expect(page.getByText("shoe_size").first()).toBeVisible();
    await expect(page.getByRole("button", { name: "Import", exact: true })).toBeDisabled();
    await look(page, "contact-import");
    await choose("phone,name\n+34 612 004 187,Javier Ortega\nnonsense,Rosa Villalba\n");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await expect(page.getByRole("button", { name: "Done" })).toBeVisible();
    await look(page, "contact-imported");
    await page.getByRole("button", { name: "Done" }).click();

    for (const tab of ["timeline", "messages", "consent", "details"]) {
      await open(page, `/contacts/${contact.id}?tab=${tab}`);
      await settled(page);
      await look(page, `contact-${tab}`);
    }
    await open(page, `/contacts/${contact.id}?tab=consent`);
    await page.getByTestId("call-blocked").click();
    await page.getByRole("button", { name: "Show all" }).click();
    await look(page, "contact-reasons");
    await page.getByRole("button", { name: "Record consent" }).last().click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, "contact-consent");
    await page.keyboard.press("Escape");
    await page.getByTestId("ask-permission").click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, "contact-ask");
    await page.keyboard.press("Escape");
  });

  test("what is owed, and who did what", async ({ agent }) => {
    const { page } = agent;
    const { id } = await made<{ id: string }>(page, "/webhook-relays", { url: "https://hooks.example.com/whatsapp" });
    try {
      await open(page, "/settings/webhooks");
      await settled(page);
      await look(page, "settings-webhooks");
      const customer = await simulator.place({ name: "Rosa Villalba", hang_up_after_ms: 300 });
      await simulator.ended(customer.id, "customer");
      await open(page, "/settings/deliveries?state=waiting");
      await expect(page.getByRole("row").nth(1)).toBeVisible({ timeout: 20_000 });
      await look(page, "settings-deliveries");
      await open(page, "/settings/audit");
      await settled(page);
      await look(page, "settings-audit");
    } finally {
      await page.request.delete(`/api/v1/webhook-relays/${id}`);
    }
  });

  test("a recording, and what needs a look", async ({ agent }) => {
    const { page } = agent;
    const { items } = await (await page.request.get("/api/v1/numbers")).json();
    const number = `/api/v1/numbers/${items[0].id}`;
    expect((await page.request.patch(number, { data: { recording_mode: "agent" } })).ok()).toBe(true);
    const customer = await simulator.place({ name: "Nina Keller", from: "4915123456789" });
    await agent.answer();
    await page.keyboard.press("Alt+r");
    await expect(agent.handset.getByTestId("recording-line")).toHaveText("Recording", { timeout: 20_000 });
    await look(page, "in-call-recorded");
    await page.keyboard.press("Control+e");
    await simulator.ended(customer.id, "business");
    expect((await page.request.patch(number, { data: { recording_mode: "off" } })).ok()).toBe(true);
    await page.getByRole("row").filter({ hasText: "Nina Keller" }).first().getByRole("link").click();
    await expect(page.getByTestId("player")).toBeVisible({ timeout: 20_000 });
    await look(page, "call-recorded");

    const alert = {
      id: "alert_01",
      kind: "token_invalid",
      number_id: items[0].id,
      since: new Date().toISOString(),
      sentence: "",
      data: {},
      acknowledged_at: null,
      resolved_at: null,
    };
    await page.route("**/api/v1/alerts*", (route) => route.fulfill({ json: { items: [alert], next_cursor: null } }));
    await open(page, "/calls");
    await page.getByRole("button", { name: /alert/i }).first().click();
    await look(page, "alerts");
  });
});
