import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { Variable } from "./observations.ts";
import type { RecordSettings } from "./options.ts";
import type { RecordFault, RecordProblem } from "./report.ts";
import { conversionOf, unitText } from "./units.ts";
import { isMissing, usuallyMissing, valueOf } from "./variables.ts";

/** One value of one variable, at one time of one row. */
export interface ObservedRecord {
  /** The row: a patient, a machine, a day. `7` and `"7"` are the same row. */
  readonly id: string | number;
  /** A number, an ISO date, or `HH:MM`. Not needed for a static variable. */
  readonly time?: string | number | undefined;
  readonly variable: string;
  readonly value: string | number | boolean | null | undefined;
  /** The unit of the value. Default: that of its variable. */
  readonly unit?: string | null | undefined;
  /** The line of the file that it was read from, counted from 1, for the report. */
  readonly line?: number;
}

/** A record whose members may be anything: what tables give. */
export interface RawRecord {
  readonly id: unknown;
  readonly time?: unknown;
  readonly variable: unknown;
  readonly value: unknown;
  /** Undefined where nothing says a unit; empty where its place is empty. */
  readonly unit?: unknown;
  readonly line?: number;
}

/** A line that cannot be read: one record, which gives nothing. */
export interface UnreadableLine {
  readonly line: number;
  readonly unreadable: string;
}

/** A record whose id, variable and value are read. The time is as it was written. */
export interface Reading {
  readonly id: string;
  readonly variable: string;
  /** Whether the value belongs to the row. It has no time then. */
  readonly isStatic: boolean;
  /** In the unit of the variable, if that is declared. */
  readonly value: number;
  /** The unit that the record says. */
  readonly unit?: string;
  /** The unit that the value was converted from. */
  readonly convertedFrom?: string;
  readonly time: unknown;
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
  seen: { readonly ids: { add(name: string): unknown }; readonly names: { add(name: string): unknown } },
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
  seen.names.add(name);
  const variable: Variable | undefined =
    fixed ?? (settings.variableNamed === undefined ? { name } : settings.variableNamed.get(name));
  if (variable === undefined) return problemOf("variable", place, `${shown(name)} is not one of the variables`);
  if (isMissing(value, settings.missing)) return problemOf("empty", place, `${name} has no value (${shown(value)})`);
  const number = valueOf(variable, value, settings.decimal);
  if (number === undefined) {
    const expected = variable.categories === undefined ? "a finite number" : variable.categories.join(", ");
    return problemOf("value", place, `${name} is ${shown(value)}, expected ${expected}`);
  }
  const measured = inUnitOf(variable, number, given.unit, settings);
  if ("wrong" in measured) return problemOf(measured.fault, place, measured.wrong);
  const line = given.line === undefined ? {} : { line: given.line };
  return { id, variable: name, isStatic: fixed !== undefined, time, record, ...measured, ...line };
}

/** A value in the unit of its variable, or what is wrong with its unit. */
function inUnitOf(
  { name, unit }: Variable,
  value: number,
  given: unknown,
  { conversions }: RecordSettings,
): Pick<Reading, "value" | "unit" | "convertedFrom"> | { readonly fault: RecordFault; readonly wrong: string } {
  if (given === undefined) return { value };
  const own = unitText(given);
  if (unit === undefined || own === unit) return { value, unit: own };
  const conversion = conversionOf(conversions, name, own);
  if (conversion === undefined)
    return {
      fault: "unit",
      wrong: `the unit of ${name} is ${shown(given)}, expected ${unit}; declare it in conversions`,
    };
  const converted = value * conversion.factor + (conversion.offset ?? 0) + 0;
  if (!Number.isFinite(converted)) return { fault: "value", wrong: `${name} is ${value} ${own}, too large in ${unit}` };
  return { value: converted, unit, convertedFrom: own };
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
