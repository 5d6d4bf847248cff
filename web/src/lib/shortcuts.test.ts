import { describe, expect, it } from "vitest";
import { isTyping, matchShortcut, type Pressed } from "./shortcuts";

function pressed(change: Partial<Pressed>): Pressed {
  return {
    code: "",
    key: "",
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    ...change,
  };
}

describe("shortcuts", () => {
  it("are matched by physical key", () => {
    expect(matchShortcut(pressed({ code: "KeyE", key: "у", ctrlKey: true }), false, [])).toBe("end");
    expect(matchShortcut(pressed({ code: "KeyM", key: "µ", altKey: true }), false, [])).toBe("mute");
    expect(matchShortcut(pressed({ code: "KeyR", key: "®", altKey: true }), false, [])).toBe("record");
    expect(matchShortcut(pressed({ code: "KeyH", metaKey: true }), false, [])).toBe("history");
    expect(matchShortcut(pressed({ code: "Escape", key: "Escape" }), false, [])).toBe("decline");
    expect(matchShortcut(pressed({ code: "Slash", key: "?", shiftKey: true }), false, [])).toBe("shortcuts");
  });

  it("need exactly their modifiers", () => {
    expect(matchShortcut(pressed({ code: "KeyE" }), false, [])).toBeNull();
    expect(matchShortcut(pressed({ code: "KeyE", ctrlKey: true, altKey: true }), false, [])).toBeNull();
    expect(matchShortcut(pressed({ code: "KeyE", ctrlKey: true, shiftKey: true }), false, [])).toBeNull();
    expect(matchShortcut(pressed({ code: "Escape", ctrlKey: true }), false, [])).toBeNull();
  });

  it("are silent while typing, save F8", () => {
    expect(matchShortcut(pressed({ code: "Escape" }), true, [])).toBeNull();
    expect(matchShortcut(pressed({ code: "KeyE", ctrlKey: true }), true, [])).toBeNull();
    expect(matchShortcut(pressed({ code: "F8" }), true, [])).toBe("focus_phone");
  });

  it("can be switched off, and a held key counts once", () => {
    expect(matchShortcut(pressed({ code: "Escape" }), false, ["decline"])).toBeNull();
    expect(matchShortcut(pressed({ code: "KeyM", altKey: true, repeat: true }), false, [])).toBeNull();
  });

  it("know what typing is", () => {
    const input = (type: string) => Object.assign(document.createElement("input"), { type });
    expect(isTyping(input("text"))).toBe(true);
    expect(isTyping(input("checkbox"))).toBe(false);
    expect(isTyping(document.createElement("textarea"))).toBe(true);
    expect(isTyping(document.createElement("button"))).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
