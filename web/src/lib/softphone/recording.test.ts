import { expect, it } from "vitest";
import { recordingAction } from "./recording";

it("one key starts, pauses and goes on", () => {
  expect(recordingAction({ state: "off", can_start: true, can_pause: false })).toBe("start");
  expect(recordingAction({ state: "recording", can_start: false, can_pause: true })).toBe("pause");
  expect(recordingAction({ state: "paused", can_start: false, can_pause: true })).toBe("resume");
});

it("it does nothing where nothing is recorded, while it is announced, and where the agent may not", () => {
  expect(recordingAction(null)).toBeNull();
  expect(recordingAction({ state: "announcing", can_start: false, can_pause: false })).toBeNull();
  expect(recordingAction({ state: "recording", can_start: false, can_pause: false })).toBeNull();
  expect(recordingAction({ state: "off", can_start: false, can_pause: false })).toBeNull();
});
