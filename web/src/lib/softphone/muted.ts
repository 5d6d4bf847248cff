/** Somebody who was muted stays muted after a refresh: kept for this tab and this call only. */
const KEY = "switchboard.muted";

export const mutedCall = {
  remember(callId: string | null) {
    try {
      if (callId === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, callId);
    } catch {
      // Without storage a refresh unmutes, as a new device would.
    }
  },
  is(callId: string): boolean {
    try {
      return sessionStorage.getItem(KEY) === callId;
    } catch {
      return false;
    }
  },
};
