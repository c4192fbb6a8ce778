/** What a linear readout is trained and tested on. */
import { TensorError, tensor, uniform, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkTensor, describe, nth, picked, sameShape, showShape, shown } from "@sluice/tensor/internal";
import type { StepOptions } from "../steps.ts";
import type { Columns } from "../matrices/columns.ts";
import { pointsOf } from "./moments.ts";

/**
 * The rows that are kept for testing: their positions, or a fraction of them drawn with a key. Steps of one row are
 * never on both sides, since they are alike.
 */
export type TestRows = readonly number[] | { readonly fraction: number; readonly key: Tensor };

/** Options of {@link ridgeReadout} and {@link logisticReadout}. */
export interface ReadoutOptions extends StepOptions {
  /** The rows that the readout is not trained on. */
  readonly test: TestRows;
  /** The factor of the squared weights in the loss, at least 0. Default 1. */
  readonly penalty?: number;
}

/** One side of the split: features in columns, and targets `[points, outputs]` by column. */
export interface Side {
  readonly columns: Columns;
  readonly targets: Columns;
}

export interface ProbeData {
  readonly train: Side;
  readonly test: Side;
  readonly testRows: readonly number[];
  readonly penalty: number;
}

/** States and targets at the moments that rows have, split by rows. */
export function probeData(
  operation: string,
  states: Tensor,
  targets: Tensor,
  { test, penalty = 1, ...steps }: ReadoutOptions,
): ProbeData {
  if (!(Number.isFinite(penalty) && penalty >= 0))
    throw new TensorError(`${operation}: penalty must be a finite number of at least 0, got ${shown(penalty)}`);
  checkTensor(operation, "the targets", targets);
  const points = pointsOf(operation, "states", states, steps);
  const lead = states.shape.slice(0, -1);
  const outputs = targets.shape.length === lead.length ? 1 : nth(targets.shape, targets.shape.length - 1);
  if (!sameShape(targets.shape.slice(0, lead.length), lead) || targets.shape.length > lead.length + 1)
    throw new TensorError(
      `${operation}: targets must be ${showShape(lead)} or [${[...lead, "outputs"].join(", ")}], one for each of the states ${showShape(states.shape)}, got ${describe(targets)}`,
    );
  const time = lead.length === 2 ? nth(lead, 1) : 1;
  const places = points.rows.map((row, i) => row * time + nth(points.steps, i));
  const values = valuesOf(targets);
  const goals = Array.from({ length: outputs }, (_, k) =>
    Float64Array.from(places, (place) => nth(values, place * outputs + k)),
  );
  const strange = goals.flatMap((column) => [...column]).find((goal) => !Number.isFinite(goal));
  if (strange !== undefined)
    throw new TensorError(`${operation}: a target is ${strange}; pass lengths or a mask where there is none`);
  const testRows = testRowsOf(operation, test, nth(states.shape, 0));
  const isTest = new Set(testRows);
  const side = (of: boolean): Side => {
    const chosen = points.rows.flatMap((row, i) => (isTest.has(row) === of ? [i] : []));
    if (chosen.length === 0)
      throw new TensorError(
        `${operation}: no step is left for ${of ? "testing" : "training"}; keep other rows for testing`,
      );
    const pick = (column: Float64Array): Float64Array => Float64Array.from(picked(column, chosen));
    return { columns: points.columns.map(pick), targets: goals.map(pick) };
  };
  return { train: side(false), test: side(true), testRows, penalty };
}

function testRowsOf(operation: string, test: TestRows | undefined, batch: number): readonly number[] {
  if (test === undefined)
    throw new TensorError(
      `${operation}: test is missing; keep rows for testing: { test: { fraction: 0.25, key: key(1) } } or { test: [0, 4] }`,
    );
  if (isRows(test)) {
    const strange = test.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
    if (strange === undefined) return [...new Set(test)].sort((a, b) => a - b);
    throw new TensorError(`${operation}: test names row ${shown(strange)}, but the rows are 0 to ${batch - 1}`);
  }
  const { fraction, key } = test;
  checkKey(operation, key);
  if (!(fraction > 0 && fraction < 1))
    throw new TensorError(`${operation}: test.fraction must be between 0 and 1, got ${shown(fraction)}`);
  const draws = valuesOf(uniform(key, [batch]));
  const order = Array.from({ length: batch }, (_, row) => row).sort((a, b) => nth(draws, a) - nth(draws, b) || a - b);
  return order.slice(0, Math.max(1, Math.round(fraction * batch))).sort((a, b) => a - b);
}

const isRows = (test: TestRows): test is readonly number[] => Array.isArray(test);

/** Columns as a tensor `[rows, columns]`, where each column is one output. */
export function tensorOf(columns: Columns): ArrayTensor {
  const rows = columns[0]?.length ?? 0;
  const values = new Float64Array(rows * columns.length);
  columns.forEach((column, j) => column.forEach((value, i) => (values[i * columns.length + j] = value)));
  return tensor(values, [rows, columns.length]);
}
