import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkList, nth, shown } from "@sluice/tensor/internal";
import { checkObservations } from "./check-observations.ts";
import { joined } from "./ranges.ts";

/** A unit of time. A week has 7 days, a day 24 hours. */
export type TimeUnit = "milliseconds" | "seconds" | "minutes" | "hours" | "days" | "weeks";

/** What is measured. */
export interface Variable {
  readonly name: string;
  /** The unit of its values, as text. */
  readonly unit?: string;
  /** If its values are texts: which. A value is then the index of its text in this list. */
  readonly categories?: readonly string[];
}

/** Features that belong to a row, not to a time. */
export interface Statics {
  readonly variables: readonly Variable[];
  /** f64 `[rows, variables]`, NaN where unknown. */
  readonly values: ArrayTensor;
  /** bool `[rows, variables]`: which values are known. */
  readonly mask: ArrayTensor;
}

/**
 * What was observed, when, for every row (a patient, a machine, a day). The steps of all rows stand one after another,
 * without padding: row `i` has the steps from `offsets[i]` up to, but not including, `offsets[i + 1]`. The times of a
 * row increase; a row may have no steps. Plain data that never changes.
 */
export interface Observations {
  readonly variables: readonly Variable[];
  /** The name of each row. No two are the same. */
  readonly ids: readonly string[];
  /** The unit of `times`. */
  readonly timeUnit: TimeUnit;
  /** i32 `[rows + 1]` */
  readonly offsets: ArrayTensor;
  /** f64 `[steps]`, in `timeUnit`. */
  readonly times: ArrayTensor;
  /** f64 `[steps, variables]`, NaN where nothing was observed. */
  readonly values: ArrayTensor;
  /** bool `[steps, variables]`: which values were observed. */
  readonly mask: ArrayTensor;
  readonly statics: Statics;
}

/** How many observed values there are, without the static ones. */
export function observedCount({ mask }: Observations): number {
  let count = 0;
  for (const observed of mask.data) count += observed;
  return count;
}

/**
 * The rows with these indices, in this order: to split a data set by row. Throws a TensorError for an index that is not
 * there, and for one that occurs twice, because ids are unique.
 */
export function takeRows(observations: Observations, rows: readonly number[] | Int32Array): Observations {
  checkObservations("takeRows", observations);
  const { ids, offsets, times, values, mask, statics } = observations;
  if (!(rows instanceof Int32Array)) checkList("takeRows", "rows", rows, "[0, 2]");
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= ids.length);
  if (wrong !== undefined)
    throw new TensorError(`takeRows: expected rows from 0 to ${ids.length - 1}, got ${shown(wrong)}`);
  if (new Set(rows).size !== rows.length) {
    const twice = rows.find((row, i) => rows.indexOf(row) !== i);
    throw new TensorError(`takeRows: row ${twice} is asked for twice, and ids are unique`);
  }
  const steps = Array.from(rows, (row) => ({ from: nth(offsets.data, row), to: nth(offsets.data, row + 1) }));
  const taken = Array.from(rows, (row) => ({ from: row, to: row + 1 }));
  const starts = new Int32Array(rows.length + 1);
  steps.forEach(({ from, to }, i) => (starts[i + 1] = nth(starts, i) + to - from));
  return {
    ...observations,
    ids: Array.from(rows, (row) => nth(ids, row)),
    offsets: tensor(starts),
    times: joined(times, steps),
    values: joined(values, steps),
    mask: joined(mask, steps),
    statics: { ...statics, values: joined(statics.values, taken), mask: joined(statics.mask, taken) },
  };
}
