/** One tab is the phone; the phone moves without ending the call. */
import { expect, openAgent, test } from "./support/agent";
import { simulator } from "./support/simulator";

test("a second tab says where the phone is and takes it over in mid-call", async ({ agent, context }) => {
  const customer = await simulator.place({ name: "Yuki Tanaka" });
  await agent.answer();
  await agent.ears.hear(440);

  const second = await openAgent(await context.newPage());
  await expect(second.page.getByText("The phone is in another tab.")).toBeVisible();
  await expect(second.handset).toBeHidden();
  await second.button("Use it here").click();
  await second.ears.hear(440);
  await simulator.hears(customer.id, 880);
  await expect(agent.page.getByText("The phone is in another tab.")).toBeVisible();
  await expect(agent.handset).toBeHidden();

  await second.page.close();
  await agent.ears.hear(440);
  await expect(agent.handset).toContainText("Yuki Tanaka");
  await agent.button("End call").click();
  await simulator.ended(customer.id, "business");
});

test("sound asks for one click of this page load before the agent is rung", async ({ agent }) => {
  await agent.page.reload();
  await expect(agent.page.getByText("Sound is off in this browser.")).toBeVisible();
  await expect(agent.cradle).toHaveAttribute("data-standing", "not_ready_sound");
  await agent.button("Turn on sound").click();
  await agent.ready();
});

test("do not disturb keeps calls away", async ({ agent }) => {
  await agent
    .button(/Account menu/)
    .first()
    .click();
  await agent.page.getByRole("menuitemradio", { name: "Do not disturb" }).click();
  await expect(agent.cradle).toHaveAttribute("data-standing", "dnd");
  await simulator.place({ name: "Ahmed El-Sayed" });
  await expect(agent.page.getByRole("row").filter({ hasText: "Ahmed El-Sayed" }).first()).toBeVisible();
  await expect(agent.cards).toHaveCount(0);
  // A call that still waits would ring at once when the agent is back.
  await simulator.quiet();
  await agent
    .button(/Account menu/)
    .first()
    .click();
  await agent.page.getByRole("menuitemradio", { name: "Available" }).click();
  await agent.ready();
});
