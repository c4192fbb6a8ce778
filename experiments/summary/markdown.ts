/** A table of Markdown. The first column is aligned left, the others as `right` says. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: { readonly right?: readonly number[] } = {},
): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  const rule = titles.map((_, column) => (right.includes(column) ? "--:" : "---"));
  return [line(titles), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

const cell = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ").replaceAll("|", "\\|");

/** The text with a full stop. Its first letter stays, because it may begin with the name of a variant. */
export const stopped = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

/** The text with a capital letter. */
export const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** "1 trial", "2 trials". */
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
