/** The business asks whether it may call, and calls: the agent's console here, the customer's phone there, sound between them. */
import { type Agent, expect, test } from "./support/agent";
import { withCustomer } from "./support/customer";

/** Calls of the business are off until an admin switches them on; afterwards they are off again. */
async function withBusinessCalls(agent: Agent, run: () => Promise<void>) {
  const { request } = agent.page;
  const { items } = await (await request.get("/api/v1/numbers")).json();
  const calling = `/api/v1/numbers/${items[0].id}/calling`;
  expect((await request.patch(calling, { data: { business_calls: true } })).ok()).toBe(true);
  try {
    await run();
  } finally {
    await request.patch(calling, { data: { business_calls: false } });
  }
}

test("a customer is asked, allows it, is called, and both hear each other; the wallet shows each step", async ({
  agent,
  launchOptions,
}) => {
  test.setTimeout(120_000);
  const { page } = agent;
  await withCustomer(launchOptions, async ({ phone, ears }) => {
    await phone.getByRole("button", { name: /^Messages/ }).click();
    await withBusinessCalls(agent, async () => {
      await test.step("she writes, and stands in the contacts", async () => {
        const text = phone.getByRole("textbox", { name: /^Message to/ });
        await text.fill("Can you call me about my order, please?");
        await phone.getByRole("button", { name: "Send" }).click();
        await page.goto("/contacts");
        await page.getByRole("link", { name: "Ana Souza" }).first().click();
        await expect(page.getByRole("heading", { level: 1 })).toContainText("Ana Souza");
        await expect(page.getByText("Can you call me about my order, please?").first()).toBeVisible();
      });
      const status = page.getByTestId("wallet-status").first();
      // Calls of other journeys stand in her history too.
      const setBack = page.getByTestId("wallet").getByText("A connected call set the counters back");
      let setBackBefore = 0;
      await test.step("she may not be called yet, and the page says why", async () => {
        await expect(status).toHaveText("Not asked");
        setBackBefore = await setBack.count();
        await page.getByTestId("call-blocked").click();
        await expect(page.getByText(/has not (yet )?(given|allowed)|no permission/i).first()).toBeVisible();
      });
      await test.step("she is asked, and allows it for a week", async () => {
        await page.getByTestId("ask-permission").first().click();
        await page.getByRole("dialog").getByRole("button", { name: "Ask", exact: true }).click();
        await expect(status).toHaveText("Asked");
        await phone.getByRole("button", { name: "Allow for 7 days" }).click();
        await expect(status).toHaveText("Allowed");
      });
      await test.step("she is called: it rings at her end, not yet a word", async () => {
        await page.getByTestId("call").click();
        await expect(agent.handset.getByTestId("call-state")).toHaveText("Ringing");
        await expect(phone.getByTestId("phone-state")).toHaveAttribute("data-state", "incoming");
      });
      await test.step("she answers, and both hear each other", async () => {
        await phone.getByRole("button", { name: "Accept" }).click();
        await expect(phone.getByTestId("phone-state")).toHaveAttribute("data-state", "connected");
        await expect(agent.handset.getByTestId("call-state")).toHaveText("In a call");
        await agent.ears.hear(660);
        await ears.hear(880);
      });
      await test.step("the agent ends it, and the wallet knows", async () => {
        await agent.button("End call").click();
        await expect(phone.getByText("They hung up")).toBeVisible();
        await expect(setBack).toHaveCount(setBackBefore + 1);
        await page.getByRole("button", { name: /^History/ }).click();
        await expect(setBack.last()).toBeVisible();
        await expect(page.getByText("The customer allowed calls").first()).toBeVisible();
      });
      await test.step("the next call she declines, and the handset says that she was not reached", async () => {
        await page.getByTestId("call").click();
        await phone.getByRole("button", { name: "Decline" }).click();
        await expect(agent.handset.getByTestId("not-reached")).toBeVisible();
      });
    });
  });
});
