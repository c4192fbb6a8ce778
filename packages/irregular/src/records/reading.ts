import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { Variable } from "./observations.ts";
import type { RecordSettings } from "./options.ts";
import type { RecordFault, RecordProblem, RecordsReport } from "./report.ts";
import { recognisedFormat, timeParser } from "./time.ts";
import { isMissing, usuallyMissing, valueOf } from "./variables.ts";

/** One value of one variable, at one time of one row. */
export interface ObservedRecord {
  /** The row: a patient, a machine, a day. `7` and `"7"` are the same row. */
  readonly id: string | number;
  /** A number, an ISO date, or `HH:MM`. Not needed for a static variable. */
  readonly time?: string | number | undefined;
  readonly variable: string;
  readonly value: string | number | boolean | null | undefined;
  /** The line of the file that it was read from, counted from 1, for the report. */
  readonly line?: number;
}

/** A record whose members may be anything: what tables give. */
export interface RawRecord {
  readonly id: unknown;
  readonly time?: unknown;
  readonly variable: unknown;
  readonly value: unknown;
  readonly line?: number;
}

/** A line that cannot be read: one record, which gives nothing. */
export interface UnreadableLine {
  readonly line: number;
  readonly unreadable: string;
}

/** A record whose id, variable and value are read. `time` is as it was written, or a number later. */
export interface Reading<Time = unknown> {
  readonly id: string;
  readonly variable: string;
  /** Whether the value belongs to the row. It has no time then. */
  readonly isStatic: boolean;
  readonly value: number;
  readonly time: Time;
  readonly record: number;
  readonly line?: number;
}

/** Makes a problem. The line is left out where there is none. */
export function problemOf(
  fault: RecordFault,
  { record, line }: { readonly record: number; readonly line?: number | undefined },
  text: string,
): RecordProblem {
  return { fault, record, ...(line === undefined ? {} : { line }), text };
}

/** Reads everything but the time. Adds the id and the variable to those `seen`, even if the value cannot be read. */
export function readRecord(
  operation: string,
  given: RawRecord | UnreadableLine,
  record: number,
  settings: RecordSettings,
  seen: { readonly ids: Set<string>; readonly names: Set<string> },
): Reading | RecordProblem {
  if (typeof given !== "object" || given === null)
    throw new TensorError(`${operation}: record ${record} is ${shown(given)}, expected { id, time, variable, value }`);
  const place = { record, line: given.line };
  if ("unreadable" in given) return problemOf("line", place, given.unreadable);
  const { time, value } = given;
  const id = idOf(given.id);
  if (id === undefined) return problemOf("id", place, `the id is ${shown(given.id)}, expected a text or a number`);
  if (settings.rows !== undefined && !settings.rows.has(id))
    return problemOf("unknown row", place, `${shown(id)} is not one of the rows`);
  seen.ids.add(id);
  const name = nameOf(given.variable);
  if (name === undefined)
    return problemOf("variable", place, `the variable is ${shown(given.variable)}, expected a name`);
  const fixed = settings.staticNamed.get(name);
  if (fixed === undefined) seen.names.add(name);
  const variable: Variable | undefined =
    fixed ?? (settings.variableNamed === undefined ? { name } : settings.variableNamed.get(name));
  if (variable === undefined) return problemOf("variable", place, `${shown(name)} is not one of the variables`);
  if (isMissing(value, settings.missing)) return problemOf("empty", place, `${name} has no value (${shown(value)})`);
  const number = valueOf(variable, value);
  if (number === undefined) {
    const expected = variable.categories === undefined ? "a finite number" : variable.categories.join(", ");
    return problemOf("value", place, `${name} is ${shown(value)}, expected ${expected}`);
  }
  const line = given.line === undefined ? {} : { line: given.line };
  return { id, variable: name, isStatic: fixed !== undefined, value: number, time, record, ...line };
}

/** An id as a text; undefined if there is none. */
export function idOf(given: unknown): string | undefined {
  const id = nameOf(given);
  return id === undefined || usuallyMissing.includes(id) ? undefined : id;
}

/** A number or a text as a text without spaces around it; undefined if it is neither, or empty. */
function nameOf(given: unknown): string | undefined {
  if (typeof given === "number") return Number.isFinite(given) ? String(given) : undefined;
  if (typeof given !== "string") return undefined;
  const text = given.trim();
  return text === "" ? undefined : text;
}

/** Reads the times in the format asked for, or in that of most of them. Adds those that cannot be read to `problems`. */
export function readTimes(
  operation: string,
  readings: readonly Reading[],
  { time: options }: RecordSettings,
  problems: RecordProblem[],
): { readonly timed: readonly Reading<number>[]; readonly time: RecordsReport["time"] } {
  const written = readings.filter(({ isStatic }) => !isStatic);
  const found = options.format ?? recognisedFormat(written.map(({ time }) => time));
  const [first] = written;
  if (found === undefined && first !== undefined)
    throw new TensorError(
      `${operation}: none of ${written.length} times can be read, such as ${shown(first.time)}; expected numbers, HH:MM or ISO dates, such as 12.5, 07:30 or 2024-03-01T07:30`,
    );
  const format = found ?? "number";
  const parse = timeParser(format, options);
  const timed = readings.flatMap((reading) => {
    if (reading.isStatic) return [{ ...reading, time: 0 }];
    const time = parse(reading.time);
    if (time !== undefined) return [{ ...reading, time }];
    problems.push(problemOf("time", reading, `the time is ${shown(reading.time)}, expected ${expectedTime[format]}`));
    return [];
  });
  return { timed, time: { format, recognised: options.format === undefined, unit: options.unit } };
}

const expectedTime = { number: "a finite number", clock: "HH:MM or HH:MM:SS", iso: "an ISO date" } as const;
