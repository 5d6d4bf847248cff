/** A customer's call reaches a person's browser, with sound. */
import { expect, test } from "./support/agent";
import { simulator } from "./support/simulator";

test("a customer calls, both hear each other, the agent hangs up and the call is in the list", async ({ agent }) => {
  const { page } = agent;
  const customer = await simulator.place({ name: "Mariana Costa", from: "5511982114477", cta_payload: "order 48213" });
  const card = agent.cards.first();
  await expect(card).toContainText("Mariana Costa");
  await expect(card).toContainText("+55");
  await expect(card).toContainText("order 48213");
  await expect(card).toContainText("s left");
  await expect(page).toHaveTitle("(1) Mariana calls");

  // Nobody has clicked anywhere: Answer of the first card has the focus.
  await expect(card.getByRole("button", { name: "Answer" })).toBeFocused();
  await expect(async () => {
    await page.keyboard.press("Enter");
    await expect(agent.handset).toBeVisible({ timeout: 1_000 });
  }).toPass();

  await test.step("two-way tone", async () => {
    await agent.ears.hear(440);
    await simulator.hears(customer.id, 880);
  });
  await test.step("mute silences, and only me", async () => {
    await agent.button("Mute").click();
    await expect(agent.button("Muted")).toHaveAttribute("aria-pressed", "true");
    await simulator.hearsNothing(customer.id);
    await agent.ears.hear(440);
    await page.keyboard.press("Alt+m");
    await simulator.hears(customer.id, 880);
  });
  await expect(agent.handset.getByTestId("timer")).not.toHaveText("00:00");
  await expect(agent.handset.getByTestId("sound-line")).toContainText("Good sound", { timeout: 12_000 });

  await page.keyboard.press("Control+e");
  await simulator.ended(customer.id, "business");
  await expect(agent.handset).toBeHidden();
  const row = page.getByRole("row").filter({ hasText: "Mariana Costa" }).first();
  await expect(row).toContainText("Ended");

  await test.step("its page tells the story", async () => {
    await row.getByRole("link").click();
    await expect(page.getByRole("heading", { level: 1, name: "Mariana Costa" })).toBeVisible();
    await expect(page.getByText("The agent hung up.")).toBeVisible();
    const record = page.getByRole("list", { name: "Flight record as a list" });
    await expect(record).toContainText("connect, with offer");
    await expect(record).toContainText("presses Answer");
  });
});

test("the customer hangs up first", async ({ agent }) => {
  const customer = await simulator.place({ name: "Javier Ortega" });
  await expect(agent.cards.first()).toBeVisible();
  await agent.answer();
  await expect(agent.handset).toBeVisible();
  await agent.ears.hear(440);
  await simulator.hangUp(customer.id);
  await expect(agent.handset).toContainText("Call ended");
  await expect(agent.handset).toBeHidden();
  await expect(agent.page.getByRole("row").filter({ hasText: "Javier Ortega" }).first()).toContainText("Ended");
  await agent.ready();
});

test("a refresh in mid-call brings the call back with sound", async ({ agent }) => {
  const customer = await simulator.place({ name: "Luciana Prado" });
  await agent.answer();
  await agent.ears.hear(440);
  await agent.page.reload();
  await agent.ears.hear(440);
  await simulator.hears(customer.id, 880);
  await expect(agent.handset).toContainText("Luciana Prado");
  await expect(agent.page.getByTestId("resume-bar")).toBeHidden();

  await test.step("who was muted stays muted", async () => {
    await agent.button("Mute").click();
    await simulator.hearsNothing(customer.id);
    await agent.page.reload();
    await agent.ears.hear(440);
    await expect(agent.button("Muted")).toBeVisible();
    await simulator.hearsNothing(customer.id);
  });
  await agent.button("End call").click();
  await simulator.ended(customer.id, "business");
});

test("the first click on a page loaded anew goes where it was meant, and turns on the sound", async ({ agent }) => {
  const { page } = agent;
  const customer = await simulator.place({ name: "Wei Zhang" });
  await agent.decline();
  await simulator.ended(customer.id, "rejected");
  await page.reload();
  const banner = page.getByText("Sound is off in this browser.");
  await expect(banner).toBeVisible();
  await page.getByRole("row").filter({ hasText: "Wei Zhang" }).first().getByRole("link").hover();
  await page.mouse.down();
  // As long as sound needs to start, with a picture of the page after it: the banner must not move the link from under the finger.
  await page.evaluate(async () => {
    const sound = new AudioContext();
    await sound.resume();
    await sound.close();
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
  await expect(banner).toBeVisible();
  await page.mouse.up();
  await expect(page.getByRole("heading", { level: 1, name: "Wei Zhang" })).toBeVisible();
  await expect(banner).toBeHidden();
  await agent.ready();
});

test("the last one who is rung rejects", async ({ agent }) => {
  const customer = await simulator.place({ name: "Thomas Becker" });
  await expect(agent.button(/^Reject/)).toBeVisible();
  await agent.decline();
  await simulator.ended(customer.id, "rejected");
  await expect(agent.cards).toHaveCount(0);
  await expect(agent.page.getByRole("row").filter({ hasText: "Thomas Becker" }).first()).toContainText("Rejected");
});

test("Escape declines the first card, but not while typing", async ({ agent }) => {
  const { page } = agent;
  await page.getByRole("textbox", { name: "Name or number" }).focus();
  const customer = await simulator.place({ name: "Priya Nair" });
  await expect(agent.cards.first()).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Name or number" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(agent.cards.first()).toBeVisible();
  await page.keyboard.press("F8");
  await expect(agent.button(/^Answer/)).toBeFocused();
  await expect(async () => {
    await page.keyboard.press("Escape");
    await expect(agent.cards).toHaveCount(0, { timeout: 800 });
  }).toPass({ timeout: 5_000 });
  await simulator.ended(customer.id, "rejected");
});

test("a caller who gives up leaves a word on the card and a missed call in the list", async ({ agent }) => {
  const customer = await simulator.place({ name: "Carlos Méndez" });
  await expect(agent.cards.first()).toBeVisible();
  await simulator.hangUp(customer.id);
  await expect(agent.page.getByText("The caller hung up")).toBeVisible();
  await expect(agent.page.getByRole("row").filter({ hasText: "Carlos Méndez" }).first()).toContainText("Missed");
});

test("calls stack; answering one leaves the other to ring out", async ({ agent }) => {
  const first = await simulator.place({ name: "Sofía Ramírez", sound: { tone_hz: 440 } });
  await expect(agent.cards).toHaveCount(1);
  await simulator.place({ name: "Beatriz Nunes", sound: { tone_hz: 660 } });
  await expect(agent.cards).toHaveCount(2);
  await expect(agent.cards.nth(0)).toContainText("Sofía Ramírez");
  await expect(agent.cards.nth(1)).toContainText("Beatriz Nunes");
  await expect(agent.page).toHaveTitle("(2) Sofía calls");
  await agent.answer(agent.cards.nth(1));
  await agent.ears.hear(660);
  await expect(agent.handset).toContainText("Beatriz Nunes");
  await expect(agent.cards).toHaveCount(0);
  await simulator.hangUp(first.id);
});
