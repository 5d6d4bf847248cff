/** Pictures of a page in every shape, and what axe finds in each. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };
const THEMES = ["light", "dark"] as const;

/** Four pictures of what the page shows now. */
export async function look(page: Page, name: string) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", theme);
      await page.screenshot({ path: `e2e/screenshots/${name}-${size}-${theme}.png` });
      const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const said = serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`,
      );
      expect(said, `${name}, ${size}, ${theme}`).toEqual([]);
    }
  }
  await page.setViewportSize(SIZES.wide);
}

/** With the click that lets the page ring: without it each picture would be one of the banner that asks for it. */
export async function open(page: Page, path: string) {
  await page.goto(path);
  await page.getByRole("heading", { level: 1 }).click();
  await expect(page.getByText("Sound is off in this browser.")).toBeHidden();
}
