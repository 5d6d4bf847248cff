import { expect, it } from "vitest";
import { filled } from "./template";

it("the words stand in their gaps, and a gap without words stays to be seen", () => {
  expect(filled("Hi {{1}}, order {{2}} for {{1}}", ["Ana", ""])).toBe("Hi Ana, order {{2}} for Ana");
});

it("named gaps are filled in the order in which they come", () => {
  expect(filled("{{ name }}: {{order}} ({{name}})", ["Ana", "48213"])).toBe("Ana: 48213 (Ana)");
});
