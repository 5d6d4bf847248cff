/** Two people, two browsers: the customer's phone page and the console. */
import { expect, test } from "./support/agent";
import { withCustomer } from "./support/customer";

test("a call placed on the phone page rings in the console and both hear each other", async ({
  agent,
  launchOptions,
}) => {
  await withCustomer(launchOptions, async ({ phone, ears }) => {
    await expect(phone.getByRole("heading", { level: 1 })).toHaveText("The customer’s phone");
    await phone.getByRole("button", { name: "Call", exact: true }).click();
    await expect(phone.getByTestId("phone-state")).toHaveAttribute("data-state", "ringing");
    await agent.answer();
    await expect(phone.getByTestId("phone-state")).toHaveAttribute("data-state", "connected");
    await agent.ears.hear(660);
    await ears.hear(880);
    await test.step("the customer mutes himself", async () => {
      await phone.getByRole("button", { name: "Mute" }).click();
      await agent.ears.silence();
      await phone.getByRole("button", { name: "Muted" }).click();
      await agent.ears.hear(660);
    });
    await expect(phone.getByTestId("phone-log")).toContainText("accept");
    await phone.getByRole("button", { name: "Hang up" }).click();
    await expect(phone.getByTestId("phone-state")).toHaveAttribute("data-state", "ended");
    await expect(agent.handset).toBeHidden();

    await test.step("and once more, ended by the agent", async () => {
      await phone.getByRole("button", { name: "Call", exact: true }).click();
      await agent.answer();
      await ears.hear(880);
      await agent.button("End call").click();
      await expect(phone.getByText("They hung up")).toBeVisible();
    });
  });
});
