import { sha256 } from "@sluice/formats";
import {
  fromCsvStream,
  fromRecords,
  type CsvOptions,
  type FromRecords,
  type ObservedRecord,
  type RecordOptions,
} from "@sluice/irregular";
import { TensorError, type Bytes } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/** Records in a CSV file. Only in Node. */
export interface RecordsFile {
  /** The path of the file, or its URL, such as `new URL("ward.csv", import.meta.url)`. */
  readonly path: string | { readonly href: string };
}

/** Records as the text of a CSV file. */
export interface RecordsText {
  readonly text: string;
}

/** Records in memory, as `fromRecords` of `@sluice/irregular` takes them. */
export interface RecordsList {
  readonly list: readonly ObservedRecord[];
}

/** Where records are: a file, a text, or a list. */
export type RecordsSource = RecordsFile | RecordsText | RecordsList;

/** How records are read: the options of `fromCsv` or, for a list, those of `fromRecords` of `@sluice/irregular`. */
export interface Reading
  extends RecordOptions, Partial<Pick<CsvOptions, "layout" | "columns" | "unitsInHeader" | "delimiter">> {
  /** `"long"` (default): one value per line. `"wide"`: one time per line, and one column per variable. */
  readonly layout?: "long" | "wide";
}

/** Throws an error if it is not said where the records are, or more than once. */
export function checkSource(operation: string, source: unknown): void {
  const names = typeof source === "object" && source !== null ? Object.keys(source) : [];
  if (names.length === 1 && ["path", "text", "list"].includes(names[0] ?? "")) return;
  throw new TensorError(`${operation}: records is ${shown(source)}, expected one of { path }, { text } and { list }`);
}

/** Reads records. Options in `changed` replace those of the reading. */
export async function readRecords(
  source: RecordsSource,
  reading: Reading,
  changed: Pick<RecordOptions, "variables" | "statics">,
): Promise<FromRecords> {
  if ("list" in source) {
    const { layout: _layout, columns: _columns, unitsInHeader: _units, delimiter: _delimiter, ...options } = reading;
    return fromRecords(source.list, { ...options, ...changed });
  }
  const options = { layout: "long", ...reading, ...changed } as const;
  if ("text" in source) return fromCsvStream([source.text], options);
  return fromCsvStream([await fileOf(source.path)], { ...options, file: nameOf(source.path) });
}

/** The SHA-256 of the records, by the name of their file. */
export async function hashOf(source: RecordsSource): Promise<{ readonly [name: string]: string }> {
  if ("path" in source) return { [nameOf(source.path)]: sha256(await fileOf(source.path)) };
  return { records: sha256("text" in source ? source.text : JSON.stringify(source.list)) };
}

const textOf = (path: RecordsFile["path"]): string => (typeof path === "string" ? path : path.href);

const nameOf = (path: RecordsFile["path"]): string => textOf(path).split(/[\\/]/).at(-1) ?? "";

async function fileOf(path: RecordsFile["path"]): Promise<Bytes> {
  // Loaded at run time, so that bundlers for browsers do not try to resolve it.
  const files = typeof process === "object" ? process.getBuiltinModule?.("node:fs/promises") : undefined;
  const place = `recordsStudy: records.path ${shown(textOf(path))}`;
  if (files === undefined) throw new TensorError(`${place} cannot be read in a page; give the text of the file`);
  try {
    return new Uint8Array(await files.readFile(typeof path === "string" ? path : new URL(path.href)));
  } catch (cause) {
    throw new TensorError(`${place} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
