import { TensorError } from "@sluice/tensor";
import { checkList, checkOptions, shown } from "@sluice/tensor/internal";
import type { DecimalMark } from "./number.ts";
import type { Variable } from "./observations.ts";
import { checkTimeFormat, checkTimeUnit, type TimeOptions } from "./time.ts";
import { checkConversions, type Conversions } from "./units.ts";
import { usuallyMissing, variablesFrom } from "./variables.ts";

/** What becomes of several values of one variable at one time of a row. */
export type SameTime = "mean" | "first" | "last" | "error";

/** What all ways to read records take. */
export interface RecordOptions {
  /** How times are read, and their unit in the data set. */
  readonly time: TimeOptions;
  /** The variables, in this order. Default: all that occur and are not static, sorted by name. */
  readonly variables?: readonly (string | Variable)[];
  /** Variables that belong to a row, not to a time. Their records need no time. Default: none. */
  readonly statics?: readonly (string | Variable)[];
  /** The ids of the rows, in this order. Default: all that occur, sorted, those without any value too. */
  readonly rows?: readonly (string | number)[];
  /**
   * Several values of one variable at one time of a row, or several values of a static variable: their mean, the first
   * or the last of the records, or an error that names two of them. Default `"error"`. Equal values are no error.
   */
  readonly sameTime?: SameTime;
  /** Texts that say that there is no value. Default: the empty text, `?`, `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL`. */
  readonly missing?: readonly string[];
  /** What stands before the digits after the point, in values and in times that are numbers. Default `"."`. */
  readonly decimal?: "." | ",";
  /**
   * For values in other units than that of their variable: how to convert them, by variable and unit, as in
   * `{ glucose: { "mg/dl": { factor: 0.0555 } } }`. A converted value is `value * factor + offset`. Default: none. The
   * report counts what was converted.
   */
  readonly conversions?: Conversions;
}

/** Options of records, checked and with their defaults. */
export interface RecordSettings {
  readonly time: TimeOptions;
  readonly variables: readonly Variable[] | undefined;
  readonly variableNamed: ReadonlyMap<string, Variable> | undefined;
  readonly statics: readonly Variable[];
  readonly staticNamed: ReadonlyMap<string, Variable>;
  readonly ids: readonly string[] | undefined;
  readonly rows: ReadonlySet<string> | undefined;
  readonly sameTime: SameTime;
  readonly missing: ReadonlySet<string>;
  readonly decimal: DecimalMark;
  readonly conversions: Conversions;
}

const rules: readonly SameTime[] = ["mean", "first", "last", "error"];
const known = ["time", "variables", "statics", "rows", "sameTime", "missing", "decimal", "conversions"];

/** Checks the options that all ways to read records take. `own` are the names of further ones. */
export function recordSettings(operation: string, options: RecordOptions, own: readonly string[] = []): RecordSettings {
  checkOptions(operation, options, [...known, ...own], {
    duplicates: "sameTime",
    static: "statics",
    na: "missing",
    units: "conversions",
  });
  const { time, rows, sameTime = "error", missing = usuallyMissing, decimal = ".", conversions = {} } = options;
  checkOptions(`${operation}: time`, time, ["unit", "format", "numbersIn"]);
  checkTimeUnit(operation, "time.unit", time.unit);
  if (time.numbersIn !== undefined) checkTimeUnit(operation, "time.numbersIn", time.numbersIn);
  if (time.format !== undefined) checkTimeFormat(operation, time.format);
  if (!rules.includes(sameTime))
    throw new TensorError(`${operation}: sameTime is ${shown(sameTime)}, expected ${rules.join(", ")}`);
  if (decimal !== "." && decimal !== ",")
    throw new TensorError(`${operation}: decimal is ${shown(decimal)}, expected "." or ","`);
  checkList(operation, "missing", missing, '["", "NA"]');
  if (rows !== undefined) checkList(operation, "rows", rows, '["a", "b"]');
  const ids = rows?.map(String);
  const twice = ids?.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new TensorError(`${operation}: rows has ${shown(twice)} twice`);
  const statics = variablesFrom(operation, "statics", options.statics ?? []);
  const variables =
    options.variables === undefined ? undefined : variablesFrom(operation, "variables", options.variables);
  const both = variables?.find(({ name }) => statics.some((other) => other.name === name));
  if (both !== undefined)
    throw new TensorError(`${operation}: ${shown(both.name)} is in variables and in statics; choose one`);
  checkConversions(operation, conversions, [...statics, ...(variables ?? [])]);
  return {
    time,
    variables,
    variableNamed: variables && byName(variables),
    statics,
    staticNamed: byName(statics),
    ids,
    rows: ids && new Set(ids),
    sameTime,
    missing: new Set(missing.map((text) => String(text).trim())),
    decimal,
    conversions,
  };
}

/** Variables by their names. */
function byName(variables: readonly Variable[]): ReadonlyMap<string, Variable> {
  return new Map(variables.map((variable) => [variable.name, variable]));
}
