import { expect, it } from "vitest";
import { MAX_BYTES, preview, readCsv } from "./csv";

it("quotes keep separators, line ends and quotes", () => {
  expect(readCsv('phone,name\n+34612,"Ortega, ""Javi""\nMadrid"\n')).toEqual([
    ["phone", "name"],
    ["+34612", 'Ortega, "Javi"\nMadrid'],
  ]);
});

it("a table of another country has semicolons, and a mark at its beginning", () => {
  expect(readCsv("\uFEFFphone;name;tags\r\n+34612;Ana;a,b\r\n\r\n")).toEqual([
    ["phone", "name", "tags"],
    ["+34612", "Ana", "a,b"],
  ]);
});

it("what the server does not know is said before the file is sent", () => {
  const seen = preview("Phone,Name,shoe_size\n+34612,Ana,38\n+34613,Bea,39\n", 60);
  expect(seen.header).toEqual(["phone", "name", "shoe_size"]);
  expect(seen.unknown).toEqual(["shoe_size"]);
  expect(seen.lines).toBe(2);
  expect(seen.trouble).toBeNull();
});

it("a file without a number in it, without lines, or of any size is refused at once", () => {
  expect(preview("name\nAna\n", 10).trouble).toBe("no_phone");
  expect(preview("phone,name\n", 10).trouble).toBe("empty");
  expect(preview("", 0).trouble).toBe("empty");
  expect(preview("phone\n+34612\n", MAX_BYTES + 1).trouble).toBe("too_big");
});

it("only the first lines are shown", () => {
  const many = `phone\n${Array.from({ length: 50 }, (_, index) => `+3461200${index}`).join("\n")}`;
  const seen = preview(many, many.length);
  expect(seen.rows).toHaveLength(4);
  expect(seen.lines).toBe(50);
});
