import { describe, expect, it } from "vitest";
import {
  copied,
  hoursOf,
  MIDNIGHT,
  minuteAt,
  moved,
  placeOf,
  reach,
  readTime,
  readWeek,
  sameRanges,
  ticks,
  troubleOf,
  WEEKDAYS,
  wallClock,
  weekOfMeta,
  withAnother,
  writeTime,
  writeWeek,
  zoomOf,
} from "./hours";

const split = [
  { from: 540, to: 750 },
  { from: 960, to: 1200 },
];

describe("times as people type them", () => {
  it("are read in every usual way", () => {
    for (const text of ["9", "9:00", "09:00", "09.00", "9h00", "0900", " 9:00 "])
      expect(readTime(text), text).toBe(540);
  });

  it("end at midnight, but never begin at its end", () => {
    expect(readTime("24:00", true)).toBe(MIDNIGHT);
    expect(readTime("0:00", true)).toBe(MIDNIGHT);
    expect(readTime("24:00")).toBeNull();
    expect(readTime("00:00")).toBe(0);
  });

  it("are refused when they are none", () => {
    for (const text of ["", "noon", "25:00", "12:60", "24:01", "9:5", "-1"])
      expect(readTime(text, true), text).toBeNull();
  });

  it("are written as the server reads them", () => {
    expect([writeTime(0), writeTime(545), writeTime(MIDNIGHT)]).toEqual(["00:00", "09:05", "24:00"]);
  });
});

it("a week goes to the server and back unchanged, and a day that is left out is closed", () => {
  const weekly = {
    mon: [
      ["09:00", "12:30"],
      ["16:00", "24:00"],
    ],
  };
  expect(writeWeek(readWeek(weekly)).mon).toEqual(weekly.mon);
  expect(readWeek(weekly).tue).toEqual([]);
});

describe("the part of the day that is drawn", () => {
  it("is what is used and an hour on each side", () => {
    expect(zoomOf([readWeek({ mon: [["09:00", "12:30"]], sat: [["10:00", "20:15"]] })])).toEqual({ from: 8, to: 22 });
  });

  it("never leaves the day, and never is so short that a quarter of an hour fills it", () => {
    expect(zoomOf([readWeek({ mon: [["00:00", "24:00"]] })])).toEqual({ from: 0, to: 24 });
    const short = zoomOf([readWeek({ mon: [["00:00", "01:00"]] })]);
    expect(short.to - short.from).toBeGreaterThanOrEqual(8);
  });

  it("is the usual day when nothing is open", () => {
    expect(zoomOf([readWeek({})])).toEqual({ from: 8, to: 20 });
  });

  it("has its hours written over it, not too many of them", () => {
    expect(ticks({ from: 8, to: 22 })).toEqual([8, 10, 12, 14, 16, 18, 20, 22]);
    expect(ticks({ from: 0, to: 24 }).length).toBeLessThanOrEqual(8);
  });

  it("gives each quarter of an hour its place, and each place its quarter", () => {
    const zoom = { from: 8, to: 22 };
    for (let minute = 8 * 60; minute <= 22 * 60; minute += 15) {
      expect(minuteAt(placeOf(minute, zoom), zoom)).toBe(minute);
    }
    expect(minuteAt(250, zoom)).toBe(MIDNIGHT);
    expect(minuteAt(-250, zoom)).toBe(0);
  });
});

describe("an edge", () => {
  it("stops at its neighbour and at its other edge", () => {
    expect(moved(split, 0, "to", 1100)[0]).toEqual({ from: 540, to: 960 });
    expect(moved(split, 1, "from", 300)[1]).toEqual({ from: 750, to: 1200 });
    expect(moved(split, 0, "from", 800)[0]).toEqual({ from: 735, to: 750 });
    expect(moved(split, 1, "to", 5000)[1]).toEqual({ from: 960, to: MIDNIGHT });
  });

  it("knows how far it may go", () => {
    expect(reach(split, 0, "from")).toEqual([0, 735]);
    expect(reach(split, 1, "to")).toEqual([975, MIDNIGHT]);
  });
});

it("one more range takes the place where there is room, and none where there is no more", () => {
  expect(withAnother([])).toEqual([{ from: 540, to: 1020 }]);
  expect(withAnother([{ from: 540, to: 780 }])).toEqual([
    { from: 540, to: 780 },
    { from: 840, to: 1080 },
  ]);
  const evening = withAnother([{ from: 960, to: 1380 }]);
  expect(evening[0]).toEqual({ from: 0, to: 240 });
  const full = [{ from: 0, to: MIDNIGHT }];
  expect(withAnother(full)).toBe(full);
});

it("a day is copied to the weekdays and stays free of its copies", () => {
  const week = copied(readWeek({ mon: [["09:00", "12:30"]], sun: [["10:00", "11:00"]] }), "mon", WEEKDAYS);
  expect(sameRanges(week.fri, week.mon)).toBe(true);
  expect(week.fri[0]).not.toBe(week.mon[0]);
  expect(week.sat).toEqual([]);
  expect(week.sun).toHaveLength(1);
});

it("what is typed the wrong way round, or over another range, is said", () => {
  expect(troubleOf([{ from: 600, to: 540 }], 0)).toBe("inverted");
  expect(troubleOf([{ from: 600, to: 600 }], 0)).toBe("inverted");
  expect(troubleOf([...split, { from: 700, to: 800 }], 2)).toBe("overlap");
  expect(troubleOf(split, 0)).toBeNull();
});

it("lengths are said in hours", () => {
  expect(hoursOf({ from: 540, to: 750 })).toBe(3.5);
});

it("the clock on the wall is that of the zone", () => {
  const at = Date.parse("2026-11-20T23:46:00Z");
  expect(wallClock(at, "Europe/Madrid")).toEqual({ day: "sat", minute: 46, date: "2026-11-21" });
  expect(wallClock(at, "America/Sao_Paulo")).toEqual({ day: "fri", minute: 1246, date: "2026-11-20" });
  expect(wallClock(at, "Europe/Atlantis")).toBeNull();
});

it("Meta’s week is read in our words, and its last minute is midnight", () => {
  const week = weekOfMeta([
    { day: "WEDNESDAY", opens: "16:00", closes: "23:59" },
    { day: "WEDNESDAY", opens: "09:00", closes: "12:00" },
  ]);
  expect(week.wed).toEqual([
    { from: 540, to: 720 },
    { from: 960, to: MIDNIGHT },
  ]);
  expect(week.thu).toEqual([]);
});
