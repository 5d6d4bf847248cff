/** Reads the softphone in a component; it renders again only when what it selects has changed. */
import { useSyncExternalStore } from "react";
import { phone } from "./phone";
import type { PhoneState } from "./state";

export function usePhone<T>(select: (state: PhoneState) => T): T {
  return useSyncExternalStore(phone.subscribe, () => select(phone.getState()));
}
