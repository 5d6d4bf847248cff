/** Meta's hours take the place of ours, after a look at what changes. */
import { expect, test } from "./support/agent";
import { look, open } from "./support/look";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat"];
const always = [["00:00", "24:00"]];

/** Open around the clock, so that the calls of other journeys come in; Sundays as told. */
const hours = (sunday: string[][]) => ({
  zone: "UTC",
  weekly: { ...Object.fromEntries(DAYS.map((day) => [day, always])), sun: sunday },
  holidays: [],
  out_of_hours: { action: "reject", text: "" },
  outbound_blocked: false,
});

test("an admin takes over the hours Meta has", async ({ agent }) => {
  const { page } = agent;
  const { items } = await (await page.request.get("/api/v1/numbers")).json();
  const path = `/api/v1/numbers/${items[0].id}/hours`;
  const put = async (sunday: string[][]) => {
    const answer = await page.request.put(path, { data: hours(sunday) });
    expect(answer.ok(), await answer.text()).toBe(true);
  };
  try {
    // Meta has one thing, and then ours change.
    await put([["00:00", "23:00"]]);
    expect((await page.request.post(`${path}/push`)).ok()).toBe(true);
    const ours = [["00:00", "22:00"]];
    await put(ours);

    await open(page, `/numbers/${items[0].id}/hours`);
    // What is only ours is changed meanwhile and not saved yet.
    const blocked = page.getByRole("switch", { name: "Place no calls when closed" });
    await blocked.click();
    await expect(page.getByText("1 change not saved")).toBeVisible();
    const drift = page.getByTestId("drift");
    await expect(drift).toContainText("Sunday");
    await drift.getByRole("button", { name: "Use Meta’s" }).click();
    const dialog = page.getByRole("dialog", { name: "Take over Meta’s hours?" });
    const changes = dialog.getByTestId("taking");
    await expect(changes).toContainText("Sunday");
    await expect(changes).toContainText("00:00 – 23:00");
    await expect(dialog).toContainText("1 field changes");
    await look(page, "hours-taking");
    // Looking is not taking.
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect((await (await page.request.get(path)).json()).weekly.sun).toEqual(ours);

    await drift.getByRole("button", { name: "Use Meta’s" }).click();
    await dialog.getByRole("button", { name: "Take over" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByText("Meta’s hours are ours now.")).toBeVisible();
    await expect(drift).toBeHidden();
    // It stays, as the dialog has promised.
    await expect(blocked).toBeChecked();
    await expect(page.getByText("1 change not saved")).toBeVisible();
    expect((await (await page.request.get(path)).json()).weekly.sun).toEqual([["00:00", "23:00"]]);
  } finally {
    await put(always);
  }
});
