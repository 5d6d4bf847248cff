/** What is recorded, for whom, and what of it lies on the disk. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, expect, openColleague, test } from "./support/agent";
import { listenTo } from "./support/recorded";
import { simulator } from "./support/simulator";

/** Where the server under test keeps its files; `cargo xtask e2e` says it. */
const DATA = process.env.SWITCHBOARD_E2E_DATA;

async function api(agent: Agent, method: "get" | "post" | "patch" | "delete", path: string, data?: object) {
  const answer = await agent.page.request[method](`/api/v1${path}`, data === undefined ? {} : { data });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  const text = await answer.text();
  return text === "" ? null : JSON.parse(text);
}

async function withRecording(agent: Agent, mode: "on" | "agent", run: (number: { id: string }) => Promise<void>) {
  const { items } = await api(agent, "get", "/numbers");
  const before = await api(agent, "get", `/numbers/${items[0].id}`);
  await api(agent, "patch", `/numbers/${before.id}`, { recording_mode: mode, recording_announcement: "en" });
  try {
    await run(before);
  } finally {
    await api(agent, "patch", `/numbers/${before.id}`, { recording_mode: before.recording_mode });
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("the customer hears the announcement, both sides are kept apart, a pause is silence, and who listens is written down", async ({
  agent,
  browser,
}) => {
  test.setTimeout(150_000);
  const { page } = agent;
  const line = agent.handset.getByTestId("recording-line");
  await withRecording(agent, "on", async () => {
    const customer = await simulator.place({ name: "Nina Keller", from: "4915123456789" });
    await agent.answer();

    await test.step("the customer is told before anything is kept", async () => {
      await expect(line).toHaveText(/hears the announcement/);
      await expect.poll(async () => (await simulator.call(customer.id)).heard.level_dbfs ?? -90).toBeGreaterThan(-45);
      await expect(line).toHaveText("Recording", { timeout: 20_000 });
    });
    await simulator.hears(customer.id, 880);
    // The time itself is what is measured here: so much of it must lie in the recording.
    await page.waitForTimeout(3_000);
    await test.step("Alt R pauses it and goes on", async () => {
      await page.keyboard.press("Alt+r");
      await expect(line).toHaveText("Recording paused");
      await page.waitForTimeout(3_000);
      await page.keyboard.press("Alt+r");
      await expect(line).toHaveText("Recording");
    });
    await page.waitForTimeout(3_000);
    await page.keyboard.press("Control+e");
    await simulator.ended(customer.id, "business");
  });

  await page.getByRole("row").filter({ hasText: "Nina Keller" }).first().getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1, name: "Nina Keller" })).toBeVisible();
  const callId = new URL(page.url()).pathname.split("/").pop() ?? "";
  const player = page.getByTestId("player");
  await expect(player).toBeVisible({ timeout: 20_000 });
  const { recordings } = await api(agent, "get", `/calls/${callId}`);
  const [recording] = recordings;

  await test.step("left is the customer, right is what the customer heard, the pause is silent and as long as it was", async () => {
    expect(recording.pauses).toHaveLength(1);
    const pause = recording.pauses[0];
    expect(pause.to_ms - pause.from_ms).toBeGreaterThan(2_500);
    const audio = `/api/v1/recordings/${recording.id}/audio`;
    const heard = await listenTo(page, `${audio}?download=1`, pause);
    expect(Math.abs(heard.durationMs - recording.duration_ms)).toBeLessThan(400);
    expect(heard.left.hz).toBeGreaterThan(425);
    expect(heard.left.hz).toBeLessThan(455);
    expect(heard.right.hz).toBeGreaterThan(865);
    expect(heard.right.hz).toBeLessThan(895);
    expect(heard.left.share).toBeGreaterThan(0.5);
    expect(heard.pausePeak).toBeLessThan(0.01);
    expect(Math.abs(heard.silenceMs - (pause.to_ms - pause.from_ms))).toBeLessThan(400);
  });

  await test.step("the player streams by ranges, seeks and draws both lanes", async () => {
    const streamed = page.waitForResponse((response) => response.url().includes("/audio") && response.status() === 206);
    await player.getByRole("button", { name: "Play" }).click();
    await streamed;
    await expect(player.getByTestId("playhead")).not.toHaveText("00:00");
    await player.getByRole("button", { name: "Pause" }).click();
    await player.getByRole("slider").focus();
    await page.keyboard.press("End");
    await expect(player.getByRole("slider")).toHaveAttribute("aria-valuetext", /^00:(0[89]|1\d|2\d) of/);
    await expect(player.getByText("Paused once")).toBeVisible();
    expect(await player.locator("canvas").count()).toBeGreaterThan(1);
  });

  await test.step("what lies on the disk is no sound without the key", async () => {
    if (DATA === undefined) return;
    const files = filesBelow(join(DATA, "recordings"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const bytes = readFileSync(file);
      expect(bytes.includes("OggS"), file).toBe(false);
      expect(bytes.includes("OpusHead"), file).toBe(false);
    }
  });

  const supervisor = await openColleague(agent, browser, "Marco Rossi", "supervisor");
  await test.step("a supervisor listens, and the audit log says so", async () => {
    await supervisor.page.goto(`/calls/${callId}`);
    const listened = supervisor.page.getByTestId("player");
    await listened.getByRole("button", { name: "Play" }).click();
    await expect(listened.getByTestId("playhead")).not.toHaveText("00:00");
    await page.goto("/settings/audit?what=recording.listened");
    await expect(page.getByRole("row").filter({ hasText: "Marco Rossi" }).first()).toContainText(
      "Listened to a recording",
    );
  });
  await supervisor.page.context().close();

  await test.step("for an agent of another branch there is no such call and no such recording", async () => {
    const stamp = Date.now();
    const ours = await api(agent, "post", "/branches", { name: `Ours ${stamp}` });
    const theirs = await api(agent, "post", "/branches", { name: `Theirs ${stamp}` });
    const { items } = await api(agent, "get", "/numbers");
    await api(agent, "patch", `/numbers/${items[0].id}`, { branch_id: ours.id });
    try {
      const customer = await simulator.place({ name: "Nina Keller", hang_up_after_ms: 500 });
      await simulator.ended(customer.id, "customer");
      await page.goto("/calls");
      const link = page.getByRole("row").filter({ hasText: "Nina Keller" }).first().getByRole("link");
      const branchCall = (await link.getAttribute("href")) ?? "";
      const stranger = await openColleague(agent, browser, "Inés Molina", "agent", [theirs.id]);
      await stranger.page.goto(branchCall);
      await expect(stranger.page.getByRole("heading", { level: 1 })).toHaveText("This call does not exist");
      for (const path of [`/recordings/${recording.id}`, `/recordings/${recording.id}/audio`]) {
        expect((await stranger.page.request.get(`/api/v1${path}`)).status(), path).toBe(404);
      }
      await stranger.page.context().close();
    } finally {
      await api(agent, "patch", `/numbers/${items[0].id}`, { branch_id: null });
    }
  });

  await test.step("an admin deletes it, and the page says so", async () => {
    await page.goto(`/calls/${callId}`);
    await page.getByTestId("player").getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("gone for good");
    await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByText("The recording was deleted.")).toBeVisible();
  });
});
