/** All countries by name, for a list to choose from. The browser knows them; we only ask it for each pair of letters. */
export interface Country {
  value: string;
  label: string;
}

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
/** Regions that are no countries: unions, the outlying islands of others, and codes for tests. */
const NONE = new Set(["EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"]);

export function countries(language: string): Country[] {
  const names = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
  const found: Country[] = [];
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      const value = first + second;
      const label = NONE.has(value) ? undefined : names.of(value);
      if (label !== undefined) found.push({ value, label });
    }
  }
  return found.sort((a, b) => a.label.localeCompare(b.label, language));
}
