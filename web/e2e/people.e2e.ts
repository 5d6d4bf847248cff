/** People come by invitation, forget their passwords, and see what their role allows. */
import { expect, test } from "./support/agent";

const PASSWORD = "long enough to be remembered";

test("who is invited makes an account with the link, and a new password with another", async ({ agent, browser }) => {
  test.setTimeout(90_000);
  const { page } = agent;
  const email = `ines-${Date.now()}@example.com`;
  await page.goto("/settings/people");
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill("Inés Molina");
  await dialog.getByRole("textbox", { name: "E-mail" }).fill(email);
  await dialog.getByRole("button", { name: "Invite" }).click();
  await expect(dialog).toContainText("This server sends no e-mail.");
  const link = await dialog.getByLabel("Link").inputValue();
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("row").filter({ hasText: email });
  await expect(row).toContainText("Invited");

  const context = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: "en-GB" });
  const guest = await context.newPage();
  const path = new URL(link).pathname;
  await test.step("the link makes the account and signs in", async () => {
    await guest.goto(path);
    await expect(guest.getByRole("heading", { level: 1 })).toContainText("Join");
    await guest.getByRole("textbox", { name: "Password" }).fill("short");
    await guest.getByRole("button", { name: "Create account" }).click();
    await expect(guest.getByText("Use 12 characters or more.")).toBeVisible();
    await guest.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await guest.getByRole("button", { name: "Create account" }).click();
    await expect(guest.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
    await expect(guest.getByRole("button", { name: "Account menu of Inés Molina" }).first()).toBeVisible();
  });
  await test.step("once", async () => {
    await guest.context().clearCookies();
    await guest.goto(path);
    await expect(guest.getByRole("heading", { level: 1 })).toHaveText("This invitation does not work any more");
  });
  await test.step("a reset link sets a new password", async () => {
    await page.reload();
    await expect(row).toContainText("Active");
    await page.getByRole("button", { name: "Actions for Inés Molina" }).first().click();
    await page.getByRole("menuitem", { name: "Make a reset link" }).click();
    const reset = new URL(await page.getByRole("dialog").getByLabel("Link").inputValue()).pathname;
    await guest.goto(reset);
    await guest.getByRole("textbox", { name: "New password" }).fill(`${PASSWORD} again`);
    await guest.getByRole("button", { name: "Set password" }).click();
    await expect(guest.getByRole("heading", { level: 1 })).toHaveText("The password is set");
    await guest.getByRole("link", { name: "Sign in" }).click();
    await guest.getByLabel("E-mail").fill(email);
    await guest.getByRole("textbox", { name: "Password" }).fill(`${PASSWORD} again`);
    await guest.getByRole("button", { name: "Sign in" }).click();
    await expect(guest.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
    await guest.goto(reset);
    await guest.getByRole("textbox", { name: "New password" }).fill(`${PASSWORD} a third time`);
    await guest.getByRole("button", { name: "Set password" }).click();
    await expect(guest.getByRole("heading", { level: 1 })).toHaveText("This link does not work any more");
  });
  await test.step("an agent reads whom to ask for what is not for agents", async () => {
    await guest.goto("/settings/people");
    await expect(guest.getByRole("heading", { level: 1 })).toHaveText("You may not open this");
    await expect(guest.getByRole("navigation", { name: "Pages" }).first()).not.toContainText("Numbers");
  });
  await context.close();
});

test("a number's changes are collected, and leaving without saving asks first", async ({ agent }) => {
  const { page } = agent;
  await page.goto("/numbers");
  await page.getByRole("row").nth(1).getByRole("link").click();
  await page.getByRole("link", { name: "Ringing" }).click();
  const name = page.getByRole("textbox", { name: "Name" });
  const before = await name.inputValue();
  await name.fill(`${before} 2`);
  await expect(page.getByText("1 change not saved")).toBeVisible();
  await page.getByRole("link", { name: "Recording" }).click();
  await page.getByRole("radio", { name: "When the agent presses Record" }).click();
  await expect(page.getByText("2 changes not saved")).toBeVisible();
  await page.getByRole("link", { name: "Calls", exact: true }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Stay" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("changes not saved")).toBeHidden();
  await page.reload();
  await expect(page.getByRole("radio", { name: "When the agent presses Record" })).toBeChecked();
  await page.getByRole("radio", { name: "Never" }).click();
  await page.getByRole("link", { name: "Ringing" }).click();
  await name.fill(before);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("changes not saved")).toBeHidden();
});
