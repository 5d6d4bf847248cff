/** What this browser remembers: devices, ringtone, warm microphone. Kept on the machine, because the devices are. */
import { useSyncExternalStore } from "react";

export type Ringtone = "bell" | "chimes" | "soft";

export interface Preferences {
  microphoneId: string | null;
  speakerId: string | null;
  ringerId: string | null;
  ringtone: Ringtone;
  ringtoneOn: boolean;
  volume: number;
  warmMicrophone: boolean;
  shortcutsOff: string[];
}

const KEY = "switchboard.preferences";

const initial: Preferences = {
  microphoneId: null,
  speakerId: null,
  ringerId: null,
  ringtone: "bell",
  ringtoneOn: true,
  volume: 0.7,
  warmMicrophone: false,
  shortcutsOff: [],
};

function load(): Preferences {
  try {
    return { ...initial, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return initial;
  }
}

let current = load();
const listeners = new Set<() => void>();

export const preferences = {
  get: (): Preferences => current,
  set(change: Partial<Preferences>) {
    current = { ...current, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(current));
    } catch {
      // A browser that keeps nothing still gets its choice until the page closes.
    }
    for (const listener of listeners) listener();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}
