import { defineConfig } from "@playwright/test";
import { makeTone } from "./e2e/support/tone";

/**
 * The journeys use the Chromium of the machine and one real server with its simulator. There is one agent account, and a call rings
 * whoever is ready, so the journeys run one after the other.
 */
export default defineConfig({
  testDir: "e2e",
  testMatch: "*.e2e.ts",
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 45_000,
  expect: { timeout: 8_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    baseURL: process.env.SWITCHBOARD_URL ?? "http://127.0.0.1:8080",
    permissions: ["microphone"],
    locale: "en-GB",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${makeTone(880)}`,
        "--host-resolver-rules=MAP elsewhere.test 127.0.0.1",
      ],
    },
  },
});
