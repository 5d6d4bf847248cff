/**
 * Keyboard shortcuts, matched by physical key so that they sit at the same place on every layout. Never while typing, save F8,
 * which only moves the focus.
 */

export type ShortcutName = "focus_phone" | "end" | "mute" | "record" | "history" | "decline" | "shortcuts";

export interface Shortcut {
  name: ShortcutName;
  code: string;
  ctrl?: boolean;
  alt?: boolean;
  /** A character instead of a key, where the place of the key says nothing ("?"). */
  key?: string;
  whileTyping?: boolean;
  label: string;
}

export const SHORTCUTS: Shortcut[] = [
  { name: "focus_phone", code: "F8", whileTyping: true, label: "F8" },
  { name: "end", code: "KeyE", ctrl: true, label: "Ctrl E" },
  { name: "mute", code: "KeyM", alt: true, label: "Alt M" },
  { name: "record", code: "KeyR", alt: true, label: "Alt R" },
  { name: "history", code: "KeyH", ctrl: true, label: "Ctrl H" },
  { name: "decline", code: "Escape", label: "Esc" },
  { name: "shortcuts", code: "", key: "?", label: "?" },
];

export interface Pressed {
  code: string;
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
}

export function matchShortcut(pressed: Pressed, typing: boolean, off: readonly string[]): ShortcutName | null {
  if (pressed.repeat) return null;
  for (const shortcut of SHORTCUTS) {
    if (off.includes(shortcut.name)) continue;
    if (typing && shortcut.whileTyping !== true) continue;
    // On a Mac the command key stands where Ctrl stands elsewhere.
    if ((pressed.ctrlKey || pressed.metaKey) !== (shortcut.ctrl ?? false)) continue;
    if (pressed.altKey !== (shortcut.alt ?? false)) continue;
    if (
      shortcut.key !== undefined ? pressed.key === shortcut.key : pressed.code === shortcut.code && !pressed.shiftKey
    ) {
      return shortcut.name;
    }
  }
  return null;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !["button", "checkbox", "radio", "range", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
