import { shown } from "@sluice/tensor/internal";
import type { TimeFormat } from "./time.ts";
import type { TimeUnit } from "./observations.ts";
import type { Converted } from "./units.ts";

/** Why a record gives no observed value of its own. */
export type RecordFault =
  /** A line of a table that cannot be read: another number of fields than the header has, or not JSON. */
  | "line"
  /** The id is empty or not a text or number. */
  | "id"
  /** The id is not among the `rows` that were asked for. */
  | "unknown row"
  /** The variable is empty, or not among the variables that were asked for. */
  | "variable"
  /** The value is empty or one of the `missing` texts. */
  | "empty"
  /** The value is not a finite number, or none of the categories. */
  | "value"
  /** The unit is another one than that of the variable, and no conversion is declared. */
  | "unit"
  /** The time is empty, or not in the format of the data set. */
  | "time"
  /** Another record has the same row, variable, time and value. */
  | "duplicate"
  /** Other records have the same row, variable and time, and another value. The rule made one value of them. */
  | "same time";

/** A record that gives no observed value of its own. */
export interface RecordProblem {
  readonly fault: RecordFault;
  /** The record, counted from 0 in the order given. Cells of a table are counted from left to right. */
  readonly record: number;
  /** The line of the file, counted from 1, if the records come from a file. */
  readonly line?: number;
  /** What was found, and what was expected, in words. */
  readonly text: string;
}

/**
 * An account of all records. Nothing is dropped silently: `read` is always the sum of `kept`, `empty`, `repeated` and
 * the number of `problems`.
 */
export interface RecordsReport {
  /** How many records were given: lines of a long table, cells of a wide one. */
  readonly read: number;
  /** How many values were observed, the static ones included. */
  readonly kept: number;
  /** How many cells of a wide table hold no value. (A long record without a value is a problem.) */
  readonly empty: number;
  /** How many records repeat a static value that their row already has. */
  readonly repeated: number;
  readonly problems: readonly RecordProblem[];
  /** How times were read. `recognised` is false if the format was given. */
  readonly time: { readonly format: TimeFormat; readonly recognised: boolean; readonly unit: TimeUnit };
  /** How many values were read in another unit and converted, by variable and unit. */
  readonly converted: readonly Converted[];
  /** Columns of a table, or members of a JSON line, that are neither ids, times nor variables that were asked for. */
  readonly unused: readonly string[];
}

/** A report in words, one line per fact; of each fault at most `examples` (default 3). */
export function reportLines(report: RecordsReport, { examples = 3 }: { readonly examples?: number } = {}): string[] {
  const { read, kept, empty, repeated, problems, time, converted, unused } = report;
  const byFault = Map.groupBy(problems, ({ fault }) => fault);
  return [
    `${read} records: ${kept} kept, ${empty} empty cells, ${repeated} repeated static values, ${problems.length} reported`,
    `times: ${time.format}${time.recognised ? " (recognised)" : ""}, in ${time.unit}`,
    ...converted.map(({ variable, from, to, count }) => `converted: ${count} of ${variable}, from ${from} to ${to}`),
    ...(unused.length === 0 ? [] : [`not used: ${unused.map(shown).join(", ")}`]),
    ...[...byFault].flatMap(([fault, found]) => [
      `${fault}: ${found.length}`,
      ...found.slice(0, examples).map(({ text, ...place }) => `  ${placeOf(place)}: ${text}`),
    ]),
  ];
}

/** Where a record stands: its line if it has one, else its number. */
export function placeOf({ record, line }: { readonly record: number; readonly line?: number }): string {
  return line === undefined ? `record ${record}` : `line ${line}`;
}
