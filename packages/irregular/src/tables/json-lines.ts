import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { recordsOf, type FromRecords } from "../records/from-records.ts";
import type { UnreadableLine } from "../records/reading.ts";
import { tableRecords, type Table, type TableOptions } from "./table.ts";

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
    throw new TensorError(`fromJsonLines: the table is ${shown(text)}, expected the text of a file of JSON lines`);
  const { records, settings, account } = tableRecords("fromJsonLines", () => splitJsonLines(text), options);
  return recordsOf("fromJsonLines", records, settings, account);
}

function splitJsonLines(text: string): Table {
  const objects = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .flatMap((line, i) => (line.trim() === "" ? [] : [readLine(line, i + 1)]));
  const names = new Set<string>();
  for (const object of objects) if ("members" in object) for (const name of object.members.keys()) names.add(name);
  // The order of the members must not decide anything.
  const headings = [...names].sort();
  return {
    headings,
    lines: objects.map((object) =>
      "members" in object ? { line: object.line, cells: headings.map((name) => object.members.get(name)) } : object,
    ),
  };
}

interface JsonObject {
  readonly line: number;
  readonly members: ReadonlyMap<string, unknown>;
}

function readLine(text: string, line: number): JsonObject | UnreadableLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, unreadable: `it is not JSON: ${shown(text)}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { line, unreadable: `it is ${shown(value)}, expected an object` };
  return { line, members: new Map<string, unknown>(Object.entries(value)) };
}
