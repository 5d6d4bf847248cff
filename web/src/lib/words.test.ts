import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { LANGUAGES, nearestLanguage } from "./i18n";

type Texts = { [key: string]: string | Texts };

/** All files of a language: what comes with the first page, the paperwork, and the customer’s phone. */
async function texts(language: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = (part: Texts, path: string) => {
    for (const [key, value] of Object.entries(part)) {
      if (typeof value === "string") found.set(path + key, value);
      else walk(value, `${path}${key}.`);
    }
  };
  for (const part of ["", "office/", "phone/"]) {
    walk(JSON.parse(await readFile(`src/locales/${part}${language}.json`, "utf8")) as Texts, part);
  }
  return found;
}

const placeholders = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

const PLURAL = /_(one|many|other)$/;

describe("the three languages", () => {
  for (const { code } of LANGUAGES.filter((language) => language.code !== "en")) {
    it(`${code} says everything English says, with the same values in it`, async () => {
      const [english, other] = [await texts("en"), await texts(code)];
      for (const [key, text] of english) {
        const translated = other.get(key);
        expect(translated, `${code} lacks ${key}`).toBeDefined();
        expect(placeholders(translated ?? ""), key).toEqual(placeholders(text));
      }
      const extra = [...other.keys()].filter((key) => !english.has(key) && !key.endsWith("_many"));
      expect(extra).toEqual([]);
    });

    it(`${code} has a plural for many wherever it has one for one`, async () => {
      const other = await texts(code);
      for (const key of other.keys()) {
        if (key.endsWith("_one")) expect(other.has(key.replace(PLURAL, "_many")), key).toBe(true);
      }
    });
  }

  it("no text asks with please, boasts or shouts", async () => {
    for (const { code } of LANGUAGES) {
      for (const [key, text] of await texts(code)) {
        expect(text, `${code} ${key}`).not.toMatch(/please|successfully|oops|por favor|!/i);
      }
    }
  });

  it("the nearest language is found from what the browser prefers", () => {
    expect(nearestLanguage(["pt-PT", "en"])).toBe("pt-BR");
    expect(nearestLanguage(["es-MX"])).toBe("es");
    expect(nearestLanguage(["de", "fr"])).toBe("en");
    expect(nearestLanguage(["PT-br"])).toBe("pt-BR");
  });
});
