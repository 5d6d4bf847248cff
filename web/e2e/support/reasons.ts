/** What stands in the way of a call: how it is brought about, seen in the console, and refused by the server. */
import { expect, type Locator, type Page } from "@playwright/test";
import { open } from "./look";
import { simulator } from "./simulator";

export interface Customer {
  phone: string;
  /** `ct_…` */
  contact: string;
}

export interface Reason {
  code: string;
  /** What people read, from its beginning. */
  sentence: RegExp;
  /** The button that leads out; null: there is nothing to press. */
  remedy: string | null;
  /** A warning leaves the button green. */
  warns?: true;
  /** Brings it about for a customer. */
  cause: (desk: Desk) => Promise<Customer>;
  /** What the way out leads to. */
  way?: (desk: Desk, customer: Customer) => Promise<void>;
  /** What the number had before. */
  undo?: (desk: Desk) => Promise<void>;
}

interface Told {
  code: string;
  sentence: string;
  remedy: string;
}

/** Nobody else's customers have these numbers. */
let customers = 0;

/** Somebody who administers, at the console, with one number of the business. */
export class Desk {
  readonly page: Page;
  /** `num_…` */
  readonly number: string;
  /** The same number at the simulator. */
  readonly atMeta: string;

  private constructor(page: Page, number: string, atMeta: string) {
    this.page = page;
    this.number = number;
    this.atMeta = atMeta;
  }

  static async at(page: Page): Promise<Desk> {
    const { items } = await (await page.request.get("/api/v1/numbers")).json();
    const [atMeta] = await simulator.numbers();
    return new Desk(page, items[0].id, atMeta?.id ?? "");
  }

  async ask<T>(method: "GET" | "POST" | "PATCH" | "PUT", path: string, data?: object): Promise<T> {
    const answer = await this.page.request.fetch(`/api/v1${path}`, { method, ...(data === undefined ? {} : { data }) });
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return (await answer.json()) as T;
  }

  calling = (change: object) => this.ask<unknown>("PATCH", `/numbers/${this.number}/calling`, change);
  limits = (change: object) => this.ask<unknown>("PATCH", `/numbers/${this.number}/safeguards`, change);
  /** What no webhook tells is asked for. */
  readMeta = () => this.ask<unknown>("POST", `/numbers/${this.number}/calling/refresh`);
  hours = (weekly: object, outbound_blocked: boolean) =>
    this.ask<unknown>("PUT", `/numbers/${this.number}/hours`, {
      zone: "UTC",
      weekly,
      holidays: [],
      out_of_hours: { action: "reject", text: "" },
      outbound_blocked,
    });

  /** The number as every journey finds it. */
  async reset() {
    await simulator.quiet();
    await simulator.number(this.atMeta, { quality_rating: "GREEN", restrictions: [] });
    await this.limits({
      per_minute: null,
      per_hour: null,
      missed: null,
      unanswered_block: null,
      monthly_minutes: null,
    });
    await this.ask("PATCH", "/settings", { monthly_minutes: 0 });
    await this.ask("POST", `/numbers/${this.number}/safeguards/lift`);
    await this.calling({ calling: true, business_calls: false });
    await this.readMeta();
    const { items } = await this.ask<{ items: { id: string; acknowledged_at: string | null }[] }>("GET", "/alerts");
    for (const { id } of items.filter((alert) => alert.acknowledged_at === null)) {
      await this.ask("POST", `/alerts/${id}/acknowledge`);
    }
  }

  /** Somebody who is in the book and has not said a word. */
  async stranger(name: string): Promise<Customer> {
    customers += 1;
    const phone = `4915234${String(Date.now() % 100_000).padStart(5, "0")}${customers % 10}`;
    const { id } = await this.ask<{ id: string }>("POST", "/contacts", { phone: `+${phone}`, name });
    return { phone, contact: id };
  }

  /** Somebody who has written. */
  async customer(name: string, words = "Good morning"): Promise<Customer> {
    const customer = await this.stranger(name);
    await this.hears(customer, words);
    return customer;
  }

  /** Somebody who has written and lets himself be called for good. */
  async friend(name: string): Promise<Customer> {
    const customer = await this.customer(name);
    await simulator.permit(customer.phone, "permanent");
    await this.lookUp(customer);
    return customer;
  }

  async hears(customer: Customer, words: string, secondsAgo = 0) {
    await simulator.write(customer.phone, words, secondsAgo);
    const messages = async () => {
      const { items } = await this.ask<{ items: { text: string | null }[] }>(
        "GET",
        `/contacts/${customer.contact}/messages`,
      );
      return items.map(({ text }) => text);
    };
    await expect.poll(messages).toContain(words);
  }

  says = (customer: Customer, text: string, more: object = {}) =>
    this.ask<unknown>("POST", `/contacts/${customer.contact}/messages`, { number_id: this.number, text, ...more });

  /** Asks for the permission to call. */
  asks = (customer: Customer) =>
    this.ask<unknown>("POST", "/permissions/request", { contact_id: customer.contact, number_id: this.number });

  /** Asks Meta how the permission stands. */
  lookUp = (customer: Customer) =>
    this.ask<unknown>("POST", "/permissions/refresh", { contact_id: customer.contact, number_id: this.number });

  wallet = (customer: Customer) =>
    this.ask<{ status: string }>("GET", `/permissions/${customer.contact}/${this.number}`);

  async walletSays(customer: Customer, status: string) {
    await expect.poll(async () => (await this.wallet(customer)).status).toBe(status);
  }

  verdict = (customer: Customer) =>
    this.ask<{ allowed: boolean; reasons: Told[]; warnings: Told[] }>(
      "GET",
      `/eligibility?contact_id=${customer.contact}&number=${this.number}`,
    );

  get button(): Locator {
    return this.page.getByTestId("call");
  }

  row = (code: string): Locator => {
    const said = this.page.getByText(code, { exact: true });
    return this.page.getByTestId("reasons").getByRole("listitem").filter({ has: said });
  };

  /** Presses the green button. */
  calls = async () => {
    await expect(this.button).toBeVisible({ timeout: 20_000 });
    await this.button.click();
  };

  /** Opens the customer's page, with the reasons if there are any. */
  async visits(customer: Customer) {
    await open(this.page, `/contacts/${customer.contact}`);
    const blocked = this.page.getByTestId("call-blocked").filter({ hasText: "Can’t call yet" });
    await expect(blocked.or(this.button)).toBeVisible();
  }

  async opens(customer: Customer) {
    await this.visits(customer);
    await this.page.getByTestId("call-blocked").click();
    await expect(this.page.getByTestId("reasons")).toBeVisible();
  }

  /** The console says it with its way out, and the server refuses the call for it. */
  async meets(reason: Reason, customer: Customer) {
    if (reason.warns) return this.isWarned(reason, customer);
    await this.opens(customer);
    const row = this.row(reason.code);
    await expect(row).toHaveCount(1, { timeout: 20_000 });
    await expect(row.getByText(reason.sentence)).toBeVisible();
    // Moments are written for people.
    await expect(row).not.toContainText(/\dT\d\d:|\{/);
    if (reason.remedy === null) await expect(row.getByRole("button")).toHaveCount(0);
    else await expect(row.getByTestId(`remedy-${reason.remedy}`)).toBeVisible();

    const call = { contact_id: customer.contact, number_id: this.number };
    const answer = await this.page.request.post("/api/v1/calls", { data: call });
    const said = (await answer.json()) as { code: string; reasons?: Told[] };
    expect([answer.status(), said.code], JSON.stringify(said)).toEqual([409, "not_eligible"]);
    const told = said.reasons?.find(({ code }) => code === reason.code);
    expect(told?.sentence, JSON.stringify(said.reasons)).toMatch(reason.sentence);
  }

  /** The button is green, and beside it stands what should be known. */
  private async isWarned(reason: Reason, customer: Customer) {
    await this.visits(customer);
    await expect(this.button).toBeVisible({ timeout: 20_000 });
    const line = this.page.getByText(reason.sentence);
    await expect(line).toBeVisible();
    await expect(line).not.toContainText(/\dT\d\d:|\{/);
    const { allowed, warnings } = await this.verdict(customer);
    expect([allowed, warnings.map(({ code }) => code)]).toEqual([true, expect.arrayContaining([reason.code])]);
  }

  /** The page shows by itself that it is over. */
  isGone = async (code: string) => {
    await expect(this.row(code)).toHaveCount(0, { timeout: 20_000 });
  };
}
