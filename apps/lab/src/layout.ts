/**
 * A column of a text table. If the terminal is too narrow, columns with the lowest `keep` are left out first, and named
 * in a line below.
 */
export interface Column<T> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly keep: number;
  /** Maximum width of a cell; longer text is cut with an ellipsis. */
  readonly most?: number;
  /** Minimum width, so that a column of changing values keeps its place. */
  readonly least?: number;
  cell(row: T): string;
}

export interface LaidTable {
  /** The title row and the rows, each at most as wide as asked for. */
  readonly lines: string[];
  /** The titles of columns that do not fit. */
  readonly hidden: readonly string[];
}

const GAP = 2;

/** The lines of a table that is at most `width` wide, with aligned columns and without wrapping. */
export function layTable<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): string[] {
  const { lines, hidden } = fitted(columns, rows, { width });
  return [...lines, ...hiddenLines(hidden, width)];
}

/** Each row as a list with a line per column, below its number: every column fits, however narrow the terminal. */
export function layLists<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): string[] {
  const titles = Math.max(...columns.map(({ title }) => title.length));
  const indent = titles + GAP;
  const most = Math.max(1, width - indent);
  // A word that is longer than a line, such as a hash, goes on in the next one.
  const text = (cell: string): string => cell.replaceAll(new RegExp(`\\S{${most}}(?=\\S)`, "g"), "$& ");
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    `row ${index + 1} of ${rows.length}`,
    ...columns.flatMap(({ title, cell }) => hanging(`${title.padEnd(indent)}${text(cell(row))}`, { width, indent })),
  ]);
}

/** Which columns are not shown, wrapped to the width. */
export function hiddenLines(hidden: readonly string[], width: number): string[] {
  return hidden.length === 0 ? [] : wrapped(`(too narrow for: ${hidden.join(", ")})`, width);
}

/** A table with the columns that fit. Their widths are those that all of `measured` need; default: the rows. */
export function fitted<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { width, measured = rows }: { readonly width: number; readonly measured?: readonly T[] },
): LaidTable {
  const text = ({ cell, most = 40 }: Column<T>, row: T): string => cut(cell(row), most);
  let kept = columns.map((column) => ({
    column,
    width: Math.max(
      column.title.length,
      column.least ?? 0,
      ...[...measured, ...rows].map((row) => text(column, row).length),
    ),
  }));
  const total = (): number => kept.reduce((sum, { width: own }) => sum + own, 0) + GAP * (kept.length - 1);
  while (total() > width && kept.length > 1) {
    const least = Math.min(...kept.map(({ column }) => column.keep));
    kept = kept.filter(({ column }) => column.keep !== least);
  }
  const line = (cellOf: (column: Column<T>) => string): string => {
    const cells = kept.map(({ column, width: own }) =>
      column.align === "left" ? cellOf(column).padEnd(own) : cellOf(column).padStart(own),
    );
    return cut(cells.join(" ".repeat(GAP)).trimEnd(), width);
  };
  return {
    lines: [line(({ title }) => title), ...rows.map((row) => line((column) => text(column, row)))],
    hidden: columns.filter((column) => !kept.some((entry) => entry.column === column)).map(({ title }) => title),
  };
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Lines after the first are indented. A word that is longer than a line is not broken. */
export const wrapped = (text: string, width: number): string[] => hanging(text, { width, indent: 2 });

/** Lines at most `width` wide, of which those after the first are indented. Spaces before the first word stay. */
export function hanging(
  text: string,
  { width, indent }: { readonly width: number; readonly indent: number },
): string[] {
  const lines: string[] = [];
  const [start = ""] = /^ */.exec(text) ?? [];
  let line = start;
  for (const word of text.slice(start.length).split(" ")) {
    const isFirst = line.trim() === "";
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${" ".repeat(indent)}${word}`;
    } else line = isFirst ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A line of text, wrapped if it is too long. Lines that are indented, such as lists of paths, stay as they are. */
export const fittedText = (text: string, width: number): string[] =>
  text.length <= width || text.startsWith(" ") ? [text] : wrapped(text, width);

/** A short form of a live number: four digits, or an exponent. It takes seven characters, and one more for a minus. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return "";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  if (size >= 1000) return String(Math.round(value));
  return value.toPrecision(size < 0.01 && size > 0 ? 3 : 4);
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
