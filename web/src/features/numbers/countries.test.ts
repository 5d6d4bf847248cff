import { expect, it } from "vitest";
import { countries } from "./countries";

it("every country is there by its name, and no unions", () => {
  const list = countries("es");
  expect(list.find(({ value }) => value === "BR")?.label).toBe("Brasil");
  expect(list.find(({ value }) => value === "EU")).toBeUndefined();
  expect(list.length).toBeGreaterThan(190);
});
