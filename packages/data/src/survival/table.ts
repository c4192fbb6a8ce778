import { splitCsv } from "@sluice/irregular";
import { failIn, type Fail, type DataOrigin } from "../error.ts";

/**
 * What a column holds: numbers, integers, or one of some words. With a "?" its fields may be empty, which means that the
 * value is missing.
 */
export type ColumnType = "number" | "number?" | "integer" | "integer?" | readonly string[];

/** A column: numbers, NaN where they are missing, or words. */
type ColumnOf<T extends ColumnType> = T extends readonly (infer Word)[] ? readonly Word[] : Float64Array;

/** Columns of the same number of rows, by name. */
export type Columns<T extends Readonly<Record<string, ColumnType>>> = {
  readonly [Name in keyof T]: ColumnOf<T[Name]>;
};

/**
 * Reads a CSV text whose first line names exactly the columns of `types`, in this order. Throws a {@link DataError} that
 * names the line and the column if a field is not of its type, is missing where it must not be, or if a row has another
 * number of fields.
 */
export function parseTable<const T extends Readonly<Record<string, ColumnType>>>(
  text: string,
  types: T,
  origin: DataOrigin,
): Columns<T> {
  const fail = failIn("parseTable", origin);
  const names = Object.keys(types);
  const rows = rowsOf(text, names, fail);
  const columns = names.map((name, at) => {
    const type = types[name];
    const wrong = (row: number, what: string): never => fail(`line ${row + 2}`, `${name} ${what}`);
    return [
      name,
      type === undefined || typeof type === "string"
        ? numbersOf(rows, at, type, wrong)
        : wordsOf(rows, at, type, wrong),
    ];
  });
  return Object.fromEntries(columns);
}

/** The fields of every row but the first. Line breaks inside fields are errors, so row `i` is line `i + 2`. */
function rowsOf(text: string, names: readonly string[], fail: Fail): readonly (readonly string[])[] {
  const lines = splitCsv(text, { fail: (line, wrong) => fail(`line ${line}`, wrong) });
  const [header, ...others] = lines;
  const columns = header?.cells ?? [];
  if (columns.length !== names.length || columns.join() !== names.join())
    fail("line 1", `its columns are ${columns.join(", ") || "none"}, expected ${names.join(", ")}`);
  for (const { line, cells } of others) {
    if (cells.length !== names.length)
      fail(`line ${line}`, `it has ${cells.length} fields, but there are ${names.length} columns`);
    if (cells.some((field) => /[\r\n]/.test(field))) fail(`line ${line}`, "a field has a line break");
  }
  if (others.length === 0) fail("line 2", "it has no rows");
  return others.map(({ cells }) => cells);
}

type Wrong = (row: number, what: string) => never;

function numbersOf(
  rows: readonly (readonly string[])[],
  at: number,
  type: string | undefined,
  wrong: Wrong,
): Float64Array {
  const [optional, whole] = [type?.endsWith("?"), type?.startsWith("integer")];
  return Float64Array.from(rows, (row, i) => {
    const field = row[at] ?? "";
    if (field === "") return optional ? NaN : wrong(i, "is missing");
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(field)) return wrong(i, `is "${field}", expected a number`);
    const value = Number(field);
    if (!Number.isFinite(value)) return wrong(i, `is "${field}", which is too large`);
    return whole && !Number.isSafeInteger(value) ? wrong(i, `is "${field}", expected an integer`) : value;
  });
}

function wordsOf(
  rows: readonly (readonly string[])[],
  at: number,
  words: readonly string[],
  wrong: Wrong,
): readonly string[] {
  return rows.map((row, i) => {
    const field = row[at] ?? "";
    return words.includes(field) ? field : wrong(i, `is "${field}", expected one of ${words.join(", ")}`);
  });
}
