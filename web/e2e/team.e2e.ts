/** Two agents, one customer. */
import { expect, openColleague, test } from "./support/agent";
import { simulator } from "./support/simulator";

test("declining silences only me: my colleague still rings and answers, and I read who took it", async ({
  agent,
  browser,
}) => {
  const { page } = agent;
  const marco = await openColleague(agent, browser, "Marco Rossi");
  try {
    await marco.ready();
    const first = await simulator.place({ name: "Helena Duarte" });
    await expect(agent.cards).toHaveCount(1);
    await expect(marco.cards).toHaveCount(1);
    await expect(agent.cards.first()).toContainText("Declining silences only you. Marco Rossi still rings.");
    await expect(agent.button(/^Reject/)).toHaveCount(0);
    await agent.decline();
    await expect(page.getByText("It still rings for Marco Rossi.")).toBeVisible();

    await test.step("he is the last one now, and answers", async () => {
      await expect(marco.button(/^Reject/)).toBeVisible();
      await marco.answer();
      await marco.ears.hear(440);
      await simulator.hears(first.id, 880);
      await expect(agent.handset).toBeHidden();
      await expect(page.getByRole("row").filter({ hasText: "Helena Duarte" }).first()).toContainText("Marco Rossi");
      await simulator.hangUp(first.id);
      await expect(marco.handset).toBeHidden();
      await marco.ready();
    });

    await test.step("who is quicker takes it, and my card says who", async () => {
      const second = await simulator.place({ name: "Piotr Nowak" });
      await expect(agent.cards).toHaveCount(1);
      await marco.answer();
      await expect(page.getByText("Marco Rossi took it")).toBeVisible();
      await expect(agent.cards).toHaveCount(0);
      await simulator.hears(second.id, 880);
      await marco.button("End call").click();
      await simulator.ended(second.id, "business");
    });

    await test.step("an account that is switched off is out at once", async () => {
      await marco.disable();
      await expect(marco.page).toHaveURL(/\/login/);
    });
  } finally {
    await marco.page.context().close();
  }
});
