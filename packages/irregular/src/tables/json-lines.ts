import { parseJson } from "@sluice/formats";
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { FromRecords } from "../records/from-records.ts";
import type { UnreadableLine } from "../records/reading.ts";
import { checkChunks, decodedChunks, linesOf, linesOfParts, type TextChunks } from "./chunks.ts";
import { inFile, tableReader, type TableOptions } from "./table.ts";

/**
 * Makes a data set of JSON lines, one object per line, as `fromCsv` makes it of a table. The members of an object are
 * its cells; a line need not have all of them.
 *
 *     {"id":"a","time":0,"heart rate":80}                    wide
 *     {"id":"a","time":0,"variable":"heart rate","value":80} long
 *
 * A line that is not JSON, or not an object, is in the report. Throws a TensorError for wrong options, and if no object
 * has a member that the layout needs.
 */
export function fromJsonLines(text: string, options: TableOptions): FromRecords {
  if (typeof text !== "string")
    throw new TensorError(
      `fromJsonLines: the table is ${shown(text)}, expected the text of a file of JSON lines; for a stream use fromJsonLinesStream`,
    );
  const table = jsonTable(inFile("fromJsonLines", options), options);
  linesOf(text).forEach(table.add);
  return table.finish();
}

/** {@link fromJsonLines} for a text in parts, as `fromCsvStream` is `fromCsv` for one. */
export async function fromJsonLinesStream(chunks: TextChunks, options: TableOptions): Promise<FromRecords> {
  checkChunks("fromJsonLinesStream", chunks, "fromJsonLines");
  const operation = inFile("fromJsonLinesStream", options);
  const table = jsonTable(operation, options);
  for await (const lines of linesOfParts(decodedChunks(operation, chunks))) lines.forEach(table.add);
  return table.finish();
}

function jsonTable(operation: string, options: TableOptions) {
  // The order of the members must not decide anything.
  const reader = tableReader(operation, options, { sorted: true });
  const columns = new Map<string, number>();
  let line = 0;
  return {
    add(given: string): void {
      line++;
      const text = line === 1 ? given.replace(/^\uFEFF/, "") : given;
      if (text.trim() === "") return;
      const object = readLine(text, line);
      if ("unreadable" in object) return reader.add(object);
      const names = Object.keys(object.members);
      const found = names.filter((name) => !columns.has(name));
      if (found.length > 0) reader.head(found);
      for (const name of found) columns.set(name, columns.size);
      const cells = new Array<unknown>(columns.size);
      for (const name of names) cells[columns.get(name) ?? 0] = object.members[name];
      reader.add({ line, cells });
    },
    finish(): FromRecords {
      reader.checkHeadings();
      return reader.finish();
    },
  };
}

function readLine(
  text: string,
  line: number,
): UnreadableLine | { readonly members: Readonly<Record<string, unknown>> } {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    const twice = error instanceof Error && /twice$/.test(error.message) ? error.message : undefined;
    return { line, unreadable: twice ?? `it is not JSON: ${shown(text)}` };
  }
  if (!isObject(value)) return { line, unreadable: `it is ${shown(value)}, expected an object` };
  return { members: value };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
