import { describe, expect, it } from "vitest";
import { callerName, country, duration, firstName, hue, initials, listTime, recordTime } from "./format";
import { aCall } from "./test-data";

describe("durations", () => {
  it.each([
    [0, "00:00"],
    [45.9, "00:45"],
    [330, "05:30"],
    [3599, "59:59"],
    [3600, "1:00:00"],
    [-3, "00:00"],
    [null, "—"],
  ])("%s s is %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("who calls", () => {
  const of = (name: string | null, username: string | null, phone: string | null) =>
    callerName(aCall("a", { caller: { name, username, phone, country: null } }));

  it("is named by name, else user name, else number, else not at all", () => {
    expect(of("Nina", "nina.keller", "+49 1")).toBe("Nina");
    expect(of(null, "nina.keller", "+49 1")).toBe("@nina.keller");
    expect(of(null, "@nina.keller", null)).toBe("@nina.keller");
    expect(of(null, null, "+49 1")).toBe("+49 1");
    expect(of(null, null, null)).toBeNull();
  });

  it("has initials and always the same colour", () => {
    expect(initials("Mariana Costa")).toBe("MC");
    expect(initials("Ana María de la Cruz")).toBe("AC");
    expect(initials("@nina.keller")).toBe("NK");
    expect(initials("+49 170")).toBe("#");
    expect(initials("Ñandú")).toBe("Ñ");
    expect(hue("Mariana Costa")).toBe(hue("Mariana Costa"));
    expect(firstName("Mariana Costa")).toBe("Mariana");
    expect(firstName("+55 11")).toBe("+55 11");
  });
});

describe("times of a list", () => {
  const now = new Date(2026, 10, 20, 12, 0);
  const words = { today: "Today", yesterday: "Yesterday" };
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

  it("are said as people say them", () => {
    expect(listTime(at(2026, 10, 20, 9, 5), now, "en-GB", words)).toBe("Today 09:05");
    expect(listTime(at(2026, 10, 19, 23, 59), now, "en-GB", words)).toBe("Yesterday 23:59");
    expect(listTime(at(2026, 10, 3, 10, 12), now, "en-GB", words)).toBe("3 Nov 10:12");
    expect(listTime(at(2025, 10, 3, 10, 12), now, "en-GB", words)).toBe("3 Nov 2025");
  });

  it("of a record have milliseconds", () => {
    expect(recordTime(new Date(2026, 0, 1, 10, 41, 2, 8).toISOString())).toBe("10:41:02.008");
  });
});

it("countries are named in the language of the reader, unknown ones not", () => {
  expect(country("BR", "es")).toBe("Brasil");
  expect(country("BR", "en")).toBe("Brazil");
  expect(country(null, "en")).toBeNull();
  expect(country("zz9", "en")).toBeNull();
});
