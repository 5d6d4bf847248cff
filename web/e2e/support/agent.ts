/** The agent: signs in, and is ready to be rung. */
import { type Browser, type BrowserContext, test as base, expect, type Locator, type Page } from "@playwright/test";
import { type Ears, giveEars } from "./ears";
import { simulator } from "./simulator";

export const EMAIL = process.env.SWITCHBOARD_EMAIL ?? "agent@example.com";
export const PASSWORD = process.env.SWITCHBOARD_PASSWORD ?? "only for the browser journeys";

export class Agent {
  readonly page: Page;
  readonly ears: Ears;

  constructor(page: Page, ears: Ears) {
    this.page = page;
    this.ears = ears;
  }

  get cards(): Locator {
    return this.page.getByTestId("incoming-card");
  }

  get handset(): Locator {
    return this.page.getByTestId("handset");
  }

  get cradle(): Locator {
    return this.page.getByTestId("cradle");
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  /** A card takes no click in its first 400 ms, so this one clicks as a person does who finds nothing happened: again. */
  private async press(card: Locator, name: RegExp, done: () => Promise<void>) {
    await expect(card).toBeVisible();
    await expect(async () => {
      const key = card.getByRole("button", { name });
      if (await key.isEnabled().catch(() => false)) await key.click({ timeout: 500 }).catch(() => undefined);
      await done();
    }).toPass({ timeout: 8_000 });
  }

  async answer(card = this.cards.first()) {
    await this.press(card, /^Answer/, () => expect(this.handset).toBeVisible({ timeout: 1_000 }));
  }

  async decline(card = this.cards.first()) {
    await this.press(card, /^(Reject|Decline)/, () => expect(card).toBeHidden({ timeout: 1_000 }));
  }

  async ready() {
    await expect(this.cradle).toHaveAttribute("data-standing", "ready");
  }
}

/** Signing in once is enough for all journeys; the server slows down who signs in too often. */
let cookies: Awaited<ReturnType<BrowserContext["cookies"]>> = [];

export async function signIn(page: Page, email = EMAIL) {
  await page.goto("/login");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
}

export async function openAgent(page: Page, path = "/calls"): Promise<Agent> {
  const ears = await giveEars(page);
  await page.context().addCookies(cookies);
  await page.goto(path);
  // The way to the sign-in is the page's own; it is settled once there is a title.
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (page.url().includes("/login")) {
    await signIn(page);
    cookies = await page.context().cookies();
    if (path !== "/calls") await page.goto(path);
  }
  const agent = new Agent(page, ears);
  await page.getByRole("heading", { level: 1 }).click();
  return agent;
}

export class Colleague extends Agent {
  private readonly admin: Page;
  private readonly id: string;

  constructor(page: Page, ears: Ears, admin: Page, id: string) {
    super(page, ears);
    this.admin = admin;
    this.id = id;
  }

  async disable() {
    const answer = await this.admin.request.patch(`/api/v1/users/${this.id}`, { data: { disabled: true } });
    expect(answer.status()).toBe(200);
  }
}

/** A second agent with an account of his own, in a browser session of his own. */
export async function openColleague(
  admin: Agent,
  browser: Browser,
  name: string,
  role: "agent" | "supervisor" = "agent",
  branch_ids: string[] | null = null,
): Promise<Colleague> {
  const email = `${Date.now()}@example.com`;
  const account = { email, name, password: PASSWORD, role, language: "en" };
  const created = await admin.page.request.post("/api/v1/users", { data: account });
  expect(created.status()).toBe(201);
  const { id } = (await created.json()) as { id: string };
  if (branch_ids !== null) {
    expect((await admin.page.request.patch(`/api/v1/users/${id}`, { data: { branch_ids } })).status()).toBe(200);
  }
  const context = await browser.newContext({ baseURL: new URL(admin.page.url()).origin, permissions: ["microphone"] });
  const page = await context.newPage();
  const ears = await giveEars(page);
  await signIn(page, email);
  return new Colleague(page, ears, admin.page, id);
}

export const test = base.extend<{ agent: Agent }>({
  agent: async ({ page }, use) => {
    await simulator.quiet();
    const agent = await openAgent(page);
    await agent.ready();
    await use(agent);
    await simulator.quiet();
  },
});

export { expect };
