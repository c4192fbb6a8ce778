import { createReadStream, openSync, closeSync, readSync, statSync } from "node:fs";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { messageOf, systemCode } from "@sluice/study";
import { flattened } from "./cells.ts";
import { pythonDict } from "./python-dict.ts";
import { unreadable, type Place } from "./problem.ts";

/** A line of a table: its cells by column. Empty cells are left out. */
export interface TableLine {
  /** Counted from 1, as an editor counts; of a Parquet file, the row. */
  readonly line: number;
  readonly cells: ReadonlyMap<string, unknown>;
}

const SEPARATORS: Readonly<Record<string, string>> = { ".csv": ",", ".tsv": "\t" };
const LINES = [".jsonl", ".ndjson"];

/** The endings of tables, for messages. */
export const TABLES = ".csv, .tsv, .jsonl, .ndjson or .parquet";

export const isTable = (path: string): boolean => {
  const ending = extname(path).toLowerCase();
  return ending in SEPARATORS || LINES.includes(ending) || ending === ".parquet";
};

/**
 * Reads a table line by line: CSV with a header, JSON lines, or Parquet.
 *
 * @param name The file as messages name it.
 * @throws an error that names the file and, if it can, the line.
 */
export async function* readTable(path: string, name: string): AsyncGenerator<TableLine> {
  const ending = extname(path).toLowerCase();
  const separator = SEPARATORS[ending];
  const whole: Place = { file: name, line: null, column: null };
  try {
    if (separator !== undefined) yield* csvTable(path, name, separator);
    else if (LINES.includes(ending)) yield* jsonTable(path, name);
    else if (ending === ".parquet") yield* parquetTable(path, name);
    else throw unreadable(whole, `not a table; expected a file that ends in ${TABLES}`);
  } catch (error) {
    if (error instanceof Error && error.name === "StudyError") throw error;
    throw unreadable(
      whole,
      systemCode(error) === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(error)}`,
      error,
    );
  }
}

async function* csvTable(path: string, name: string, delimiter: string): AsyncGenerator<TableLine> {
  // Loaded here, because no other command needs it.
  const { parse } = await import("csv-parse");
  const parser = createReadStream(path).pipe(
    parse({ bom: true, delimiter, relax_column_count: true, skip_empty_lines: true, info: true }),
  );
  let header: readonly string[] | null = null;
  let end = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const line = end + 1;
      end = info.lines;
      if (header === null) header = headerOf(record, name);
      else yield { line, cells: csvCells(header, record, { file: name, line, column: null }) };
    }
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !String(error.code).startsWith("CSV_")) throw error;
    throw unreadable({ file: name, line: end + 1, column: null }, error.message, error);
  }
  if (header === null) throw unreadable({ file: name, line: null, column: null }, "empty; expected a header line");
}

function headerOf(record: readonly string[], name: string): readonly string[] {
  const header = record.map((cell) => cell.trim());
  const twice = header.find((column, index) => column !== "" && header.indexOf(column) < index);
  if (twice !== undefined)
    throw unreadable({ file: name, line: 1, column: twice }, "there are two columns of this name");
  return header;
}

function csvCells(header: readonly string[], record: readonly string[], place: Place): ReadonlyMap<string, unknown> {
  if (record.length !== header.length)
    throw unreadable(place, `it has ${record.length} cells, and the header has ${header.length}`);
  return new Map(
    record.flatMap((cell, index): [string, unknown][] => {
      const column = header[index] ?? "";
      if (cell.trim() === "" || column === "") return [];
      const members = membersIn(cell.trim());
      if (members === null) return [[column, cell.trim()]];
      return [...members].map(([name, value]) => [`${column}.${name}`, value]);
    }),
  );
}

/** A cell that holds a whole configuration or summary, in JSON or as Python prints it, by the names of its members. */
function membersIn(cell: string): ReadonlyMap<string, unknown> | null {
  if (!cell.startsWith("{") || !cell.endsWith("}")) return null;
  try {
    return flattened(JSON.parse(withoutNaN(cell)));
  } catch {
    return flattened(pythonDict(cell));
  }
}

async function* jsonTable(path: string, name: string): AsyncGenerator<TableLine> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === "") continue;
    const place = { file: name, line, column: null };
    let value: unknown;
    try {
      // Python writes NaN and Infinity, which JSON does not have.
      value = JSON.parse(withoutNaN(line === 1 ? text.replace(/^\uFEFF/, "") : text));
    } catch (error) {
      throw unreadable(place, `not JSON: ${messageOf(error)}`, error);
    }
    const cells = flattened(value);
    if (cells === null) throw unreadable(place, 'expected an object, such as {"step": 1, "loss": 0.5}');
    yield { line, cells };
  }
}

/** NaN and infinities of Python's `json` as texts. Inside strings nothing is changed. */
export const withoutNaN = (text: string): string =>
  /NaN|Infinity/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\bNaN\b|-?\bInfinity\b/g, (found) =>
        found.startsWith('"') ? found : JSON.stringify(found),
      )
    : text;

async function* parquetTable(path: string, name: string): AsyncGenerator<TableLine> {
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { size: byteLength } = statSync(path);
  const file = { byteLength, slice: (start: number, end = byteLength): ArrayBuffer => bytesOf(path, start, end) };
  const metadata = await parquetMetadataAsync(file);
  let first = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const last = first + Number(count);
    const rows = await parquetReadObjects({ file, metadata, rowStart: first, rowEnd: last });
    for (const [index, row] of rows.entries()) {
      const cells = flattened(row);
      if (cells === null) throw unreadable({ file: name, line: first + index + 1, column: null }, "not a row");
      yield { line: first + index + 1, cells };
    }
    first = last;
  }
}

function bytesOf(path: string, start: number, end: number): ArrayBuffer {
  const bytes = new Uint8Array(Math.max(0, end - start));
  const file = openSync(path, "r");
  try {
    for (let filled = 0, read = -1; filled < bytes.length && read !== 0; filled += read)
      read = readSync(file, bytes, filled, bytes.length - filled, start + filled);
  } finally {
    closeSync(file);
  }
  return bytes.buffer;
}
