/** Every page, wide and narrow, light and dark: a picture to look at, and no serious finding of axe. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, openAgent, test } from "./support/agent";
import { simulator } from "./support/simulator";

const WIDTHS = [
  { name: "wide", width: 1440, height: 900 },
  { name: "narrow", width: 390, height: 844 },
];
const THEMES = ["light", "dark"] as const;

async function look(page: Page, name: string) {
  await page.screenshot({ path: `e2e/screenshots/${name}.png` });
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
  const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const said = serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`,
  );
  expect(said, name).toEqual([]);
}

for (const { name: size, width, height } of WIDTHS) {
  for (const theme of THEMES) {
    test.describe(`${size}, ${theme}`, () => {
      test.use({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" } as object);
      const name = (page: string) => `${page}-${size}-${theme}`;

      test("pages without the shell", async ({ page }) => {
        await page.goto("/login");
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await look(page, name("login"));
        await page.goto(simulator.url);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await look(page, name("phone-page"));
      });

      test("pages of the console", async ({ agent }) => {
        const { page } = agent;
        const customer = await simulator.place({ name: "Rosa Villalba", hang_up_after_ms: 1_500 });
        await simulator.ended(customer.id, "customer");
        await expect(page.getByText("The caller hung up")).toBeHidden();
        await look(page, name("calls"));
        await page.getByRole("link", { name: "Rosa Villalba" }).first().click();
        await expect(page.getByRole("heading", { level: 1, name: "Rosa Villalba" })).toBeVisible();
        await expect(page.getByText("connect, with offer").last()).toBeVisible();
        await look(page, name("call"));
        for (const section of ["devices", "appearance", "shortcuts"]) {
          await page.goto(`/settings/${section}`);
          await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
          await look(page, name(`settings-${section}`));
        }
        await page.goto("/calls?search=nobody-is-called-this");
        await expect(page.getByText("Nothing matches")).toBeVisible();
        await look(page, name("nothing"));
        await page.goto("/nowhere");
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await look(page, name("not-found"));
      });

      test("the phone on the page", async ({ page }) => {
        await simulator.quiet();
        const agent = await openAgent(page);
        await agent.ready();
        const first = await simulator.place({
          name: "Mariana Costa",
          from: "5511982114477",
          cta_payload: "order 48213",
        });
        await expect(agent.cards).toHaveCount(1);
        await simulator.place({ name: "Javier Ortega", from: "34612004187" });
        await expect(agent.cards).toHaveCount(2);
        await look(page, name("incoming"));
        await agent.answer();
        await agent.ears.hear(440);
        await look(page, name("in-call"));
        await agent.button("Mute").click();
        await agent.button("Devices").click();
        await look(page, name("in-call-devices"));
        await agent.button("Make small").click();
        await look(page, name("minimised"));
        await simulator.hangUp(first.id);
        await simulator.quiet();
      });
    });
  }
}
