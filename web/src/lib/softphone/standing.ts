/** What the phone is doing, in one word. */
import type { PhoneState } from "./state";

export type Standing =
  | "ready"
  | "opening"
  | "dnd"
  | "not_ready_microphone"
  | "not_ready_sound"
  | "not_ready_line"
  | "other_tab"
  | "offline";

/** Why I would not be rung now, the first reason that counts. */
export function standing(state: PhoneState): Standing {
  if (state.stream === "lost") return "offline";
  if (state.tab === "other" || state.line === "replaced") return "other_tab";
  if (state.microphone !== "granted" && state.microphone !== "prompt") return "not_ready_microphone";
  if (state.status === "do_not_disturb") return "dnd";
  if (!state.sound) return "not_ready_sound";
  if (state.line === "connected") return "ready";
  return state.line === "opening" || state.stream === "connecting" ? "opening" : "not_ready_line";
}
