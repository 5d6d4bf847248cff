/** Changes to a form are collected until they are saved or thrown away. */
import { useCallback, useMemo, useState } from "react";

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Only what differs from what the server has: exactly this is sent. */
export function changesOf<T extends object>(saved: T, draft: Partial<T>): Partial<T> {
  const changes: Partial<T> = {};
  for (const name of Object.keys(draft) as (keyof T)[]) {
    if (!same(saved[name], draft[name])) changes[name] = draft[name];
  }
  return changes;
}

/** The draft without these fields: what is saved counts for them again. */
export function without<T extends object>(draft: Partial<T>, names: readonly (keyof T)[]): Partial<T> {
  const rest = { ...draft };
  for (const name of names) delete rest[name];
  return rest;
}

export interface Draft<T> {
  /** What the form shows: the saved values under the changed ones. */
  values: T;
  changes: Partial<T>;
  count: number;
  set: (change: Partial<T>) => void;
  discard: () => void;
  /** Throws away the changes of these fields only. */
  discardOnly: (names: readonly (keyof T)[]) => void;
}

export function useDraft<T extends object>(saved: T): Draft<T> {
  const [draft, setDraft] = useState<Partial<T>>({});
  const changes = useMemo(() => changesOf(saved, draft), [saved, draft]);
  const set = useCallback((change: Partial<T>) => setDraft((before) => ({ ...before, ...change })), []);
  const discard = useCallback(() => setDraft({}), []);
  const discardOnly = useCallback((names: readonly (keyof T)[]) => setDraft((before) => without(before, names)), []);
  return { values: { ...saved, ...changes }, changes, count: Object.keys(changes).length, set, discard, discardOnly };
}
