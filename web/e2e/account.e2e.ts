/** Signing in, languages, and the page that came without a microphone. */

import { test } from "@playwright/test";
import { EMAIL, expect, signIn, test as withAgent } from "./support/agent";

test("wrong words do not open the door, the right ones do", async ({ page }) => {
  await page.goto("/calls");
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByRole("textbox", { name: "Password" }).fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("do not belong together");
  await signIn(page);
  await page
    .getByRole("button", { name: /Account menu/ })
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
  await page.goto("/calls");
  await expect(page).toHaveURL(/\/login/);
});

test("over plain HTTP from another machine the page says why there is no microphone", async ({ page, baseURL }) => {
  const port = new URL(baseURL ?? "").port;
  await page.goto(`http://elsewhere.test:${port}/login`);
  await expect(page.getByRole("alert")).toContainText("SWITCHBOARD_TLS_CERT");
});

withAgent("the three languages switch without reload", async ({ agent }) => {
  const { page } = agent;
  await page.goto("/settings/appearance");
  for (const [name, title] of [
    ["Español", "Idioma y tema"],
    ["Português (Brasil)", "Idioma e tema"],
    ["English", "Language and theme"],
  ] as const) {
    await page.getByRole("combobox").first().click();
    await page.getByRole("option", { name }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
  }
});

withAgent("what is not there says so", async ({ agent }) => {
  await agent.page.goto("/calls/call_00000000000000000000000000");
  await expect(agent.page.getByRole("heading", { level: 1 })).toHaveText("This call does not exist");
  await agent.page.goto("/nowhere");
  await expect(agent.page.getByRole("heading", { level: 1 })).toHaveText("This page does not exist");
});
