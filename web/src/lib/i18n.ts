/**
 * The texts: JSON files, loaded when their language is chosen, with keys that the compiler knows. `texts` come with the first page;
 * `office` holds those of the paperwork (numbers, people, settings, recordings) and comes with the first page that needs them;
 * `phone` those of the customer's phone, which is a page of its own.
 */
import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import type en from "../locales/en.json";
import type office from "../locales/office/en.json";
import type phone from "../locales/phone/en.json";
import type { Language } from "./api-types";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "texts";
    resources: { texts: typeof en; office: typeof office; phone: typeof phone };
    enableSelector: false;
  }
}

export const LANGUAGES: { code: Language; name: string }[] = [
  { code: "en", name: "English" },
  { code: "es", name: "Español" },
  { code: "pt-BR", name: "Português (Brasil)" },
];

const KEY = "switchboard.language";

type Part = "texts" | "office" | "phone";

const files: Record<Part, Record<Language, () => Promise<{ default: object }>>> = {
  texts: {
    en: () => import("../locales/en.json"),
    es: () => import("../locales/es.json"),
    "pt-BR": () => import("../locales/pt-BR.json"),
  },
  office: {
    en: () => import("../locales/office/en.json"),
    es: () => import("../locales/office/es.json"),
    "pt-BR": () => import("../locales/office/pt-BR.json"),
  },
  phone: {
    en: () => import("../locales/phone/en.json"),
    es: () => import("../locales/phone/es.json"),
    "pt-BR": () => import("../locales/phone/pt-BR.json"),
  },
};

/** What has been asked for so far; another language brings the same parts. */
const parts = new Set<Part>();

/** The nearest of our languages, from what the person chose before and what the browser prefers. */
export function nearestLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const exact = LANGUAGES.find(({ code }) => code.toLowerCase() === wish.toLowerCase());
    if (exact !== undefined) return exact.code;
    const family = LANGUAGES.find(({ code }) => code.slice(0, 2) === wish.slice(0, 2).toLowerCase());
    if (family !== undefined) return family.code;
  }
  return "en";
}

function remembered(): string[] {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === null ? [] : [kept];
  } catch {
    return [];
  }
}

async function load(language: Language) {
  const missing = [...parts].filter((part) => !i18next.hasResourceBundle(language, part));
  await Promise.all(
    missing.map(async (part) => i18next.addResourceBundle(language, part, (await files[part][language]()).default)),
  );
}

/** A page of the paperwork together with its texts, for a lazy route. */
export async function withOffice<T>(page: Promise<T>): Promise<T> {
  parts.add("office");
  await load(currentLanguage());
  return page;
}

export function currentLanguage(): Language {
  return nearestLanguage([i18next.language ?? "en"]);
}

/** How this reader writes numbers and times: the language of the texts, in the variant of the browser when it speaks it too. */
export function currentLocale(): string {
  const language = currentLanguage();
  return navigator.languages.find((each) => each.slice(0, 2) === language.slice(0, 2)) ?? language;
}

export async function changeLanguage(language: Language) {
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Without storage the choice lasts until the page closes; the account keeps it for the next sign-in.
  }
}

export async function startTexts(query: string | null, part: "texts" | "phone" = "texts") {
  parts.add(part);
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: false,
    resources: {},
    defaultNS: "texts",
    ns: ["texts", "office", "phone"],
    interpolation: { escapeValue: false },
    returnNull: false,
    partialBundledLanguages: true,
    react: { useSuspense: false },
  });
  const language = nearestLanguage([...(query === null ? [] : [query]), ...remembered(), ...navigator.languages]);
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** "Marco, Inés and Lucía", as the language joins names. */
export function joinNames(names: string[], language: string): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(names);
}

/** The first three by name and how many more: "Marco, Inés, Lucía and +4". */
export function joinSomeNames(people: { name: string }[], count: number, language: string): string {
  const names = people.slice(0, 3).map((person) => person.name);
  return joinNames(count > names.length ? [...names, `+${count - names.length}`] : names, language);
}

/** Texts whose key is made from a word of the server; `null` when the server knows a word that we do not. */
export function useServerWords(part: Part = "texts"): (key: string, values?: Record<string, string>) => string | null {
  const { t, i18n } = useTranslation(part);
  const anyKey = t as unknown as (key: string, values: Record<string, string>) => string;
  return (key, values = {}) => (i18n.exists(key, { ns: part }) ? anyKey(key, values) : null);
}
