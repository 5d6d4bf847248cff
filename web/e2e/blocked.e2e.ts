/** A caller nobody wants to hear from again. */
import { expect, test } from "./support/agent";
import { simulator } from "./support/simulator";

test("a blocked caller rings nobody, stays in the list, and rings again once unblocked", async ({ agent }) => {
  const { page } = agent;
  const nobody = { name: "Silent Caller", from: "34600111222" };
  const first = await simulator.place(nobody);
  await expect(agent.cards).toHaveCount(1);
  await simulator.hangUp(first.id);
  await page.getByRole("row").filter({ hasText: "Silent Caller" }).first().getByRole("link").click();

  await page.getByRole("button", { name: "Block this caller" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Calls are refused at once");
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Calls each night and says nothing");
  await dialog.getByRole("button", { name: "Block", exact: true }).click();
  await expect(page.getByText("Blocked. The next call is refused.")).toBeVisible();

  await test.step("the next call is refused and in the list", async () => {
    const second = await simulator.place(nobody);
    await simulator.ended(second.id, "rejected");
    await expect(agent.cards).toHaveCount(0);
    await page.goto("/calls");
    const row = page.getByRole("row").filter({ hasText: "Silent Caller" }).first();
    await expect(row).toContainText("Rejected");
    await row.getByRole("link").click();
    await expect(page.getByText("The caller is blocked. Nobody was rung.")).toBeVisible();
  });
  await test.step("until somebody lets the caller through", async () => {
    await page.goto("/settings/blocked-callers");
    await page
      .getByRole("button", { name: /^Unblock/ })
      .first()
      .click();
    await page.getByRole("dialog").getByRole("button", { name: "Unblock" }).click();
    await expect(page.getByText("Nobody is blocked")).toBeVisible();
    // The page was loaded anew: it wants its click before it rings.
    await page.getByRole("heading", { level: 1 }).click();
    await agent.ready();
    await simulator.place(nobody);
    await expect(agent.cards).toHaveCount(1);
  });
});
