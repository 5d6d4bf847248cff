/** What the recording key does next. */
import type { RecordingAction } from "../api";
import type { CallRecording } from "../api-types";

export function recordingAction(recording: CallRecording | null): RecordingAction | null {
  switch (recording?.state) {
    case "recording":
      return recording.can_pause ? "pause" : null;
    case "paused":
      return recording.can_pause ? "resume" : null;
    case "off":
    case "failed":
      return recording.can_start ? "start" : null;
    case "announcing":
    case undefined:
      return null;
  }
}
