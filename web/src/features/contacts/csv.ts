/** A look into a CSV file before it is sent: which columns the server knows, and how the first lines read. */

export const COLUMNS = [
  "phone",
  "name",
  "owner_email",
  "branch",
  "tags",
  "lead_reference",
  "opt_in",
  "opt_in_evidence",
  "opt_in_at",
] as const;

export type CsvTrouble = "empty" | "no_phone" | "too_big";

export interface CsvPreview {
  header: string[];
  /** Columns the server does not know; it leaves them out. */
  unknown: string[];
  rows: string[][];
  /** Lines after the header, as far as the file was read. */
  lines: number;
  trouble: CsvTrouble | null;
}

export const MAX_BYTES = 10 * 1024 * 1024;
const SHOWN = 4;
const SEPARATORS = [",", ";", "\t"];

/** The separator that stands most often outside of quotes in the first line. */
function separatorOf(text: string): string {
  const first = text.slice(0, text.search(/\r?\n|$/)).replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((separator) => first.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ",";
}

/** Rows of fields; quotes keep separators, line ends and doubled quotes. Empty lines are none. */
export function readCsv(text: string): string[][] {
  const clean = text.replace(/^\uFEFF/, "");
  const separator = separatorOf(clean);
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endField = () => {
    row.push(field.trim());
    field = "";
  };
  const endRow = () => {
    endField();
    if (row.some((value) => value !== "")) rows.push(row);
    row = [];
  };
  for (let at = 0; at < clean.length; at += 1) {
    const letter = clean[at] ?? "";
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (clean[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && field.trim() === "") {
      field = "";
      quoted = true;
    } else if (letter === separator) endField();
    else if (letter === "\n") endRow();
    else if (letter !== "\r") field += letter;
  }
  endRow();
  return rows;
}

export function preview(text: string, bytes: number): CsvPreview {
  const [head, ...lines] = readCsv(text);
  const header = (head ?? []).map((name) => name.toLowerCase());
  const known: readonly string[] = COLUMNS;
  const trouble =
    bytes > MAX_BYTES ? "too_big" : lines.length === 0 ? "empty" : header.includes("phone") ? null : "no_phone";
  return {
    header,
    unknown: header.filter((name) => !known.includes(name)),
    rows: lines.slice(0, SHOWN),
    lines: lines.length,
    trouble,
  };
}
