/** The customer: the phone page in a browser of its own, with a microphone that says 660 Hz. */
import { chromium, type LaunchOptions, type Page } from "@playwright/test";
import { type Ears, giveEars } from "./ears";
import { simulator } from "./simulator";
import { makeTone } from "./tone";

export async function withCustomer(
  launchOptions: LaunchOptions,
  run: (customer: { phone: Page; ears: Ears }) => Promise<void>,
) {
  const browser = await chromium.launch({
    ...launchOptions,
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${makeTone(660)}`],
  });
  try {
    const context = await browser.newContext({ permissions: ["microphone"], locale: "en-GB" });
    const phone = await context.newPage();
    const ears = await giveEars(phone, "phone-audio");
    await phone.goto(simulator.url);
    await run({ phone, ears });
  } finally {
    await browser.close();
  }
}
