import { tensor, TensorError } from "@sluice/tensor";
import { lookUp, nth, shown } from "@sluice/tensor/internal";
import { meanOf } from "./mean.ts";
import type { Observations, Statics, Variable } from "./observations.ts";
import type { SameTime } from "./options.ts";
import { problemOf, type Reading } from "./reading.ts";
import { placeOf, type RecordProblem } from "./report.ts";
import type { TimeOptions } from "./time.ts";

/** What a data set is made of, besides its values. */
export interface Frame {
  readonly ids: readonly string[];
  readonly variables: readonly Variable[];
  readonly statics: readonly Variable[];
  readonly sameTime: SameTime;
  readonly time: TimeOptions;
}

/** A reading with the indices of its row and variable. */
interface Placed extends Reading<number> {
  readonly row: number;
  readonly column: number;
}

/** One value of one variable at one time of a row, or a static value of a row. */
interface Cell {
  readonly row: number;
  readonly time: number;
  readonly column: number;
  readonly value: number;
}

/**
 * Puts the readings into place. Adds those that lose to another one of the same place to `problems`; equal static
 * values of a row are counted instead.
 */
export function assemble(
  operation: string,
  readings: readonly Reading<number>[],
  frame: Frame,
  problems: RecordProblem[],
): { readonly observations: Observations; readonly kept: number; readonly repeated: number } {
  const { ids, variables, statics, time } = frame;
  const rowOf = indexOf(ids);
  const placed = (isStatic: boolean): Placed[] => {
    const columnOf = indexOf((isStatic ? statics : variables).map(({ name }) => name));
    return readings
      .filter((reading) => reading.isStatic === isStatic)
      .map((reading) => ({ ...reading, row: rowOf(reading.id), column: columnOf(reading.variable) }))
      .sort((a, b) => a.row - b.row || a.time - b.time || a.column - b.column || a.record - b.record);
  };
  let repeated = 0;
  const cells = cellsOf(operation, placed(false), frame.sameTime, (lost) => problems.push(lost));
  const fixed = cellsOf(operation, placed(true), frame.sameTime, (lost) => {
    if (lost.fault === "duplicate") repeated++;
    else problems.push(lost);
  });
  const observations: Observations = {
    variables,
    ids,
    timeUnit: time.unit,
    ...steps(cells, ids.length, variables.length),
    statics: staticsOf(fixed, ids.length, statics),
  };
  return { observations, kept: cells.length + fixed.length, repeated };
}

function indexOf(names: readonly string[]): (name: string) => number {
  const indices = new Map(names.map((name, i) => [name, i]));
  return (name) => lookUp(indices, name, `${name} is not in the data set`);
}

/** One value for each place. `sorted` has the readings of one place next to each other, in the order of the records. */
function cellsOf(
  operation: string,
  sorted: readonly Placed[],
  rule: SameTime,
  lose: (problem: RecordProblem) => void,
): Cell[] {
  const cells: Cell[] = [];
  for (let from = 0; from < sorted.length;) {
    const first = nth(sorted, from);
    let to = from + 1;
    while (to < sorted.length && samePlace(first, nth(sorted, to))) to++;
    const { row, time, column } = first;
    cells.push({ row, time, column, value: resolved(operation, sorted.slice(from, to), rule, lose) });
    from = to;
  }
  return cells;
}

const samePlace = (a: Placed, b: Placed): boolean => a.row === b.row && a.time === b.time && a.column === b.column;

/** The value of one place. Reports every reading but one. */
function resolved(
  operation: string,
  readings: readonly Placed[],
  rule: SameTime,
  lose: (problem: RecordProblem) => void,
): number {
  const kept = rule === "last" ? nth(readings, readings.length - 1) : nth(readings, 0);
  if (readings.length === 1) return kept.value;
  const other = readings.find(({ value }) => value !== kept.value);
  const what = `${kept.variable} of ${shown(kept.id)}${kept.isStatic ? "" : ` at ${kept.time}`}`;
  if (other !== undefined && rule === "error")
    throw new TensorError(
      `${operation}: ${what} is ${kept.value} in ${placeOf(kept)} and ${other.value} in ${placeOf(other)}; choose a rule with sameTime: mean, first or last`,
    );
  for (const reading of readings) {
    if (reading === kept) continue;
    lose(
      other === undefined
        ? problemOf("duplicate", reading, `${what} is ${reading.value}, as in ${placeOf(kept)}`)
        : problemOf(
            "same time",
            reading,
            `${what} is ${reading.value}, and another value in ${placeOf(kept)}; ${rule === "mean" ? "their mean is taken" : `the ${rule} is taken`}`,
          ),
    );
  }
  return rule === "mean" && other !== undefined ? meanOf(readings.map(({ value }) => value)) : kept.value;
}

/** The steps of all rows, from cells sorted by row and time. */
function steps(
  cells: readonly Cell[],
  rows: number,
  width: number,
): Pick<Observations, "offsets" | "times" | "values" | "mask"> {
  const offsets = new Int32Array(rows + 1);
  const times: number[] = [];
  const stepOf = cells.map(({ row, time }, i) => {
    const before = cells[i - 1];
    if (before === undefined || before.row !== row || before.time !== time) {
      times.push(time);
      offsets[row + 1] = nth(offsets, row + 1) + 1;
    }
    return times.length - 1;
  });
  for (let row = 0; row < rows; row++) offsets[row + 1] = nth(offsets, row) + nth(offsets, row + 1);
  const values = new Float64Array(times.length * width).fill(Number.NaN);
  const mask = new Int32Array(times.length * width);
  cells.forEach(({ column, value }, i) => {
    const at = nth(stepOf, i) * width + column;
    values[at] = value;
    mask[at] = 1;
  });
  return {
    offsets: tensor(offsets),
    times: tensor(Float64Array.from(times)),
    values: tensor(values, [times.length, width]),
    mask: tensor(mask, [times.length, width], { dtype: "bool" }),
  };
}

function staticsOf(cells: readonly Cell[], rows: number, variables: readonly Variable[]): Statics {
  const width = variables.length;
  const values = new Float64Array(rows * width).fill(Number.NaN);
  const mask = new Int32Array(rows * width);
  for (const { row, column, value } of cells) {
    values[row * width + column] = value;
    mask[row * width + column] = 1;
  }
  return {
    variables,
    values: tensor(values, [rows, width]),
    mask: tensor(mask, [rows, width], { dtype: "bool" }),
  };
}
