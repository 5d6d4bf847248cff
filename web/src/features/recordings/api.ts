/** What was kept of a call: its drawing, its sound, its end. */
import { id, request } from "../../lib/api";
import type { Schemas } from "../../lib/api-types";

export type Peaks = Schemas["RecordingPeaks"];

export const recordings = {
  peaks: (recording: string) => request<Peaks>("GET", `/recordings/${id(recording)}/peaks`),
  remove: (recording: string) => request<void>("DELETE", `/recordings/${id(recording)}`),
};

export const audioAddress = (recording: string) => `/api/v1/recordings/${id(recording)}/audio`;
export const downloadAddress = (recording: string) => `${audioAddress(recording)}?download=1`;
