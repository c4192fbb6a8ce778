import { tensor, TensorError } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import { meanOf } from "./mean.ts";
import type { Observations, Statics, TimeUnit, Variable } from "./observations.ts";
import type { SameTime } from "./options.ts";
import { problemOf } from "./reading.ts";
import { needsNoTime, placeAt, type Readings } from "./readings.ts";
import { placeOf, type RecordFault, type RecordProblem } from "./report.ts";

/** What a data set is made of, besides its values. */
export interface Frame {
  readonly ids: readonly string[];
  readonly variables: readonly Variable[];
  readonly statics: readonly Variable[];
  readonly sameTime: SameTime;
  readonly timeUnit: TimeUnit;
}

/** Readings with their names. Those whose time is NaN are left out. */
export interface NamedReadings extends Readings {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

/** Readings at their places: `row` and `column` are indices into the data set, `time` is 0 if static. */
interface Placed extends Pick<Readings, "value" | "time" | "record" | "line"> {
  readonly row: Int32Array;
  readonly column: Int32Array;
}

/** One value for each place, sorted by row, time and column. `at` is the index of a reading of the place. */
interface Cells {
  readonly at: readonly number[];
  readonly values: readonly number[];
}

/**
 * Puts the readings into place. Adds those that lose to another one of the same place to `problems`; equal static
 * values of a row are counted instead.
 */
export function assemble(
  operation: string,
  readings: NamedReadings,
  frame: Frame,
  problems: RecordProblem[],
): { readonly observations: Observations; readonly kept: number; readonly repeated: number } {
  const { ids, variables, statics, timeUnit, sameTime } = frame;
  let repeated = 0;
  const partOf = (isStatic: boolean): { readonly placed: Placed; readonly cells: Cells } => {
    const columns = isStatic ? statics : variables;
    const { placed, order } = inPlace(readings, ids, columns, isStatic);
    const nameOf = (at: number): string =>
      `${nth(columns, nth(placed.column, at)).name} of ${shown(nth(ids, nth(placed.row, at)))}${isStatic ? "" : ` at ${nth(placed.time, at)}`}`;
    const cells = cellsOf(operation, placed, order, { rule: sameTime, nameOf }, (lost) => {
      if (isStatic && lost.fault === "duplicate") repeated++;
      else problems.push(lost);
    });
    return { placed, cells };
  };
  const [timed, fixed] = [partOf(false), partOf(true)];
  const observations: Observations = {
    variables,
    ids,
    timeUnit,
    ...steps(timed.placed, timed.cells, ids.length, variables.length),
    statics: staticsOf(fixed.placed, fixed.cells, ids.length, statics),
  };
  return { observations, kept: timed.cells.at.length + fixed.cells.at.length, repeated };
}

/** The places of the readings of one kind, and their indices sorted by row, time, column and record. */
function inPlace(
  { length, id, name, time, format, value, record, line, ids: allIds, names }: NamedReadings,
  ids: readonly string[],
  columns: readonly Variable[],
  isStatic: boolean,
): { readonly placed: Placed; readonly order: Uint32Array } {
  const rowOf = indicesOf(allIds, ids);
  const columnOf = indicesOf(
    names,
    columns.map((variable) => variable.name),
  );
  const [row, column] = [new Int32Array(length), new Int32Array(length)];
  const order = new Uint32Array(length);
  let count = 0;
  for (let i = 0; i < length; i++) {
    if ((nth(format, i) === needsNoTime) !== isStatic || Number.isNaN(nth(time, i))) continue;
    row[i] = nth(rowOf, nth(id, i));
    column[i] = nth(columnOf, nth(name, i));
    order[count++] = i;
  }
  const sorted = order
    .subarray(0, count)
    .sort(
      (a, b) => nth(row, a) - nth(row, b) || nth(time, a) - nth(time, b) || nth(column, a) - nth(column, b) || a - b,
    );
  return { placed: { row, column, time, value, record, line }, order: sorted };
}

/** For each name its index in `among`, or -1. */
function indicesOf(names: readonly string[], among: readonly string[]): Int32Array {
  const indices = new Map(among.map((name, i) => [name, i]));
  return Int32Array.from(names, (name) => indices.get(name) ?? -1);
}

interface Rule {
  readonly rule: SameTime;
  /** What a reading is a value of, in words. */
  nameOf(at: number): string;
}

/** One value for each place. `order` has the readings of one place next to each other, in the order of the records. */
function cellsOf(
  operation: string,
  placed: Placed,
  order: Uint32Array,
  rule: Rule,
  lose: (problem: RecordProblem) => void,
): Cells {
  const { row, time, column, value } = placed;
  const samePlace = (a: number, b: number): boolean =>
    nth(row, a) === nth(row, b) && nth(time, a) === nth(time, b) && nth(column, a) === nth(column, b);
  const at: number[] = [];
  const values: number[] = [];
  for (let from = 0; from < order.length;) {
    const first = nth(order, from);
    let to = from + 1;
    while (to < order.length && samePlace(first, nth(order, to))) to++;
    at.push(first);
    values.push(
      to === from + 1 ? nth(value, first) : resolved(operation, placed, order.subarray(from, to), rule, lose),
    );
    from = to;
  }
  return { at, values };
}

/** The value of a place with several readings. Reports every reading but one. */
function resolved(
  operation: string,
  placed: Placed,
  readings: Uint32Array,
  { rule, nameOf }: Rule,
  lose: (problem: RecordProblem) => void,
): number {
  const kept = nth(readings, rule === "last" ? readings.length - 1 : 0);
  const { value } = placed;
  const here = (at: number): string => placeOf(placeAt(placed, at));
  const other = readings.find((at) => nth(value, at) !== nth(value, kept));
  const what = nameOf(kept);
  if (other !== undefined && rule === "error")
    throw new TensorError(
      `${operation}: ${what} is ${nth(value, kept)} in ${here(kept)} and ${nth(value, other)} in ${here(other)}; choose a rule with sameTime: mean, first or last`,
    );
  const [fault, why]: [RecordFault, string] =
    other === undefined
      ? ["duplicate", `, as in ${here(kept)}`]
      : [
          "same time",
          `, and another value in ${here(kept)}; ${rule === "mean" ? "their mean is taken" : `the ${rule} is taken`}`,
        ];
  for (const at of readings)
    if (at !== kept) lose(problemOf(fault, placeAt(placed, at), `${what} is ${nth(value, at)}${why}`));
  return rule === "mean" && other !== undefined
    ? meanOf(Array.from(readings, (at) => nth(value, at)))
    : nth(value, kept);
}

/** The steps of all rows. */
function steps(
  { row, time, column }: Placed,
  { at, values: found }: Cells,
  rows: number,
  width: number,
): Pick<Observations, "offsets" | "times" | "values" | "mask"> {
  const offsets = new Int32Array(rows + 1);
  const isNewStep = at.map((reading, i) => {
    const before = at[i - 1];
    return before === undefined || nth(row, before) !== nth(row, reading) || nth(time, before) !== nth(time, reading);
  });
  const count = isNewStep.reduce((sum, isNew) => sum + (isNew ? 1 : 0), 0);
  const times = new Float64Array(count);
  const values = new Float64Array(count * width).fill(Number.NaN);
  const mask = new Int32Array(count * width);
  let step = -1;
  at.forEach((reading, i) => {
    if (isNewStep[i]) {
      times[++step] = nth(time, reading);
      offsets[nth(row, reading) + 1] = nth(offsets, nth(row, reading) + 1) + 1;
    }
    const place = step * width + nth(column, reading);
    values[place] = nth(found, i);
    mask[place] = 1;
  });
  for (let i = 0; i < rows; i++) offsets[i + 1] = nth(offsets, i) + nth(offsets, i + 1);
  return {
    offsets: tensor(offsets),
    times: tensor(times),
    values: tensor(values, [count, width]),
    mask: tensor(mask, [count, width], { dtype: "bool" }),
  };
}

function staticsOf(
  { row, column }: Placed,
  { at, values: found }: Cells,
  rows: number,
  variables: readonly Variable[],
): Statics {
  const width = variables.length;
  const values = new Float64Array(rows * width).fill(Number.NaN);
  const mask = new Int32Array(rows * width);
  at.forEach((reading, i) => {
    const place = nth(row, reading) * width + nth(column, reading);
    values[place] = nth(found, i);
    mask[place] = 1;
  });
  return {
    variables,
    values: tensor(values, [rows, width]),
    mask: tensor(mask, [rows, width], { dtype: "bool" }),
  };
}
