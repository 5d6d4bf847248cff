/** A new server: whoever reads the link it prints makes the first account; nobody makes a second one that way. */
import { expect, test } from "@playwright/test";
import { NewServer, PROGRAM } from "./support/new-server";

test("the first account is made with the link the server printed, once", async ({ page }) => {
  test.skip(PROGRAM === undefined, "SWITCHBOARD_BIN names no server to start");
  const server = await NewServer.start(PROGRAM ?? "");
  try {
    const link = await server.link();
    const { origin } = new URL(link);

    await test.step("every way leads to the set-up", async () => {
      await page.goto(`${origin}/calls`);
      await expect(page).toHaveURL(/\/welcome/);
    });

    const fill = async () => {
      await page.getByLabel("Name").fill("Ana Ribeiro");
      await page.getByLabel("E-mail").fill("ana@example.com");
      await page.getByRole("textbox", { name: "Password" }).fill("a password of her own");
      await page.getByRole("button", { name: "Create account" }).click();
    };
    await test.step("a guessed code is refused", async () => {
      await page.getByLabel("Setup code").fill("0000");
      await fill();
      await expect(page.getByRole("alert")).toContainText("not the code the server printed");
    });
    await test.step("the printed link brings the code", async () => {
      await page.goto(link);
      await fill();
      await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
      await expect(page.getByRole("button", { name: "Account menu of Ana Ribeiro" }).first()).toBeVisible();
    });
    await test.step("the link has done its work", async () => {
      await page.context().clearCookies();
      await page.goto(link);
      await expect(page).toHaveURL(/\/login/);
      const again = { code: new URL(link).searchParams.get("code"), name: "Eve", email: "eve@example.com" };
      const second = await page.request.post(`${origin}/api/v1/setup`, {
        data: { ...again, password: "a password of her own", language: "en" },
      });
      expect(second.status()).toBe(409);
    });
    await test.step("and the account signs in", async () => {
      await page.getByLabel("E-mail").fill("ana@example.com");
      await page.getByRole("textbox", { name: "Password" }).fill("a password of her own");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});
