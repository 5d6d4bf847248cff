/** The text of a template with words in its gaps, `{{1}}`, `{{2}}` or named; a gap without words stays to be seen. */
export function filled(body: string, parameters: string[]): string {
  const names: string[] = [];
  return body.replace(/\{\{\s*(\w+)\s*\}\}/g, (gap, name: string) => {
    if (!names.includes(name)) names.push(name);
    const place = /^\d+$/.test(name) ? Number(name) - 1 : names.indexOf(name);
    const words = parameters[place]?.trim() ?? "";
    return words === "" ? gap : words;
  });
}
