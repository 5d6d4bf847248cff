import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { detailWords, WHATS } from "./words";

it("every deed has a sentence", async () => {
  const texts = JSON.parse(await readFile("src/locales/office/en.json", "utf8")) as { audit: Record<string, string> };
  for (const what of WHATS) expect(texts.audit[`did_${what.replaceAll(".", "_")}`], what).toBeDefined();
});

it("details are written as a line, and no details as nothing", () => {
  expect(detailWords({ role: "agent", branch_ids: ["br_1"], disabled: true })).toBe(
    'role agent, branch ids ["br_1"], disabled true',
  );
  expect(detailWords({ role: "agent", branch_ids: null, scopes: [] })).toBe("role agent");
  expect(detailWords({})).toBeUndefined();
  expect(detailWords(null)).toBeUndefined();
});
