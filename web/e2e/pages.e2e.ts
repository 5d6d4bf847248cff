/** Every page, wide and narrow, light and dark: pictures to look at, and no serious finding of axe. */
import { expect, openAgent, test } from "./support/agent";
import { look, open } from "./support/look";
import { simulator } from "./support/simulator";

test.describe("every page, wide and narrow, light and dark", () => {
  test.describe.configure({ timeout: 150_000 });

  test("without the shell", async ({ page, baseURL }) => {
    await page.goto("/login");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await look(page, "login");

    await page.goto(`http://elsewhere.test:${new URL(baseURL ?? "").port}/login`);
    await expect(page.getByRole("alert")).toContainText("SWITCHBOARD_TLS_CERT");
    await look(page, "insecure");

    await test.step("the first account", async () => {
      // This server has its account: what a new one would say is put into its mouth.
      const server = await (await page.request.get("/api/v1/server")).json();
      await page.route("**/api/v1/server", (route) => route.fulfill({ json: { ...server, needs_setup: true } }));
      await page.route("**/api/v1/setup", (route) => route.fulfill({ status: 403, json: { code: "wrong_code" } }));
      await page.goto("/welcome");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await look(page, "welcome");
      await page.getByLabel("Setup code").fill("0000");
      await page.getByLabel("Name").fill("Ana Ribeiro");
      await page.getByLabel("E-mail").fill("ana@example.com");
      await page.getByRole("textbox", { name: "Password" }).fill("long enough for this");
      await page.getByRole("button", { name: "Create account" }).click();
      await expect(page.getByRole("alert")).toContainText("not the code");
      await look(page, "welcome-refused");
    });
  });

  test("of the console", async ({ agent }) => {
    const { page } = agent;
    const customer = await simulator.place({ name: "Rosa Villalba", hang_up_after_ms: 1_000 });
    await simulator.ended(customer.id, "customer");
    await expect(page.getByText("The caller hung up")).toBeHidden();
    await look(page, "calls");
    await page.getByRole("heading", { level: 1 }).press("?");
    await expect(page.getByRole("dialog")).toBeVisible();
    await look(page, "shortcuts-dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Rosa Villalba" }).first().click();
    await expect(page.getByRole("heading", { level: 1, name: "Rosa Villalba" })).toBeVisible();
    await expect(page.getByText("connect, with offer").last()).toBeVisible();
    await look(page, "call");
    for (const section of ["devices", "appearance", "shortcuts"]) {
      await open(page, `/settings/${section}`);
      await look(page, `settings-${section}`);
    }
  });

  test("of the console when there is nothing, or trouble", async ({ agent }) => {
    const { page } = agent;
    await open(page, "/calls?search=nobody-is-called-this");
    await expect(page.getByText("Nothing matches")).toBeVisible();
    await look(page, "nothing");
    await page.goto("/nowhere");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await look(page, "not-found");
    await page.route("**/api/v1/calls?*", (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
    await open(page, "/calls");
    await expect(page.getByText("No calls yet")).toBeVisible();
    await look(page, "empty");
    await page.unroute("**/api/v1/calls?*");
    await page.route("**/api/v1/calls?*", (route) => route.fulfill({ status: 500, json: { code: "internal" } }));
    await open(page, "/calls");
    await expect(page.getByText("The calls could not be loaded")).toBeVisible();
    await look(page, "error");
  });

  test("with the phone, and the customer’s phone", async ({ page, context }) => {
    await simulator.quiet();
    const agent = await openAgent(page);
    await agent.ready();
    const phone = await context.newPage();
    await phone.goto(simulator.url);
    await expect(phone.getByRole("heading", { level: 1 })).toBeVisible();
    await look(phone, "phone-page");

    await phone.getByRole("button", { name: "Call", exact: true }).click();
    await expect(agent.cards).toHaveCount(1);
    await simulator.place({ name: "Javier Ortega", from: "34612004187", cta_payload: "order 48213" });
    await expect(agent.cards).toHaveCount(2);
    await page.bringToFront();
    await look(page, "incoming");
    await agent.answer();
    await expect(agent.handset.getByTestId("timer")).not.toHaveText("00:00");
    await look(page, "in-call");
    await look(phone, "phone-page-in-call");
    await page.bringToFront();
    await agent.button("Mute").click();
    await expect(agent.button("Muted")).toBeVisible();
    await look(page, "muted");
    await agent.button("Devices").click();
    await look(page, "in-call-devices");
    await agent.button("Make small").click();
    await look(page, "minimised");
    await simulator.quiet();
  });
});
