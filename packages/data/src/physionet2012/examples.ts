import {
  applyScaler,
  fitScaler,
  paddedExamples,
  takeRows,
  type Observations,
  type PaddedExamples,
  type Scaler,
} from "@sluice/irregular";
import { TensorError, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { nth, shown } from "@sluice/tensor/internal";
import type { Dataset } from "../dataset.ts";
import type { Split } from "../splits/parts.ts";
import type { PhysioNet2012 } from "./physionet2012.ts";

/** Stays as examples. `x` is standardized and 0 where nothing was measured; times are in hours. */
export type StayExamples = PaddedExamples & {
  /** Whether the patient died in hospital, i32 `[rows]`. */
  readonly y: Tensor;
};

/** Stays in splits, and what they were scaled by. */
export interface PhysioNet2012Dataset extends Dataset<StayExamples> {
  /** Fitted to the training rows. Plain data: save it with the model, for new stays. */
  readonly scaler: Scaler;
}

/**
 * Divides a set by row and makes the examples of `fit`. The rows are those of a split, such as
 * `stratifiedSplit(stays.y, { key, validation: 0.1 })`, or of a fold of `crossValidate` in `@sluice/trials`. Means and
 * deviations are those of the training rows; other rows are scaled by them.
 */
export function physionet2012Examples(stays: PhysioNet2012, rows: Split): PhysioNet2012Dataset {
  checkRows(stays, rows);
  const { observations } = stays;
  const scaler = fitScaler(takeRows(observations, rows.train));
  const steps = longestOf(observations);
  const examples = (of: Int32Array): StayExamples => ({
    ...paddedExamples(applyScaler(scaler, takeRows(observations, of)), { steps }),
    y: tensor(Int32Array.from(of, (row) => nth(valuesOf(stays.y), row))),
  });
  return {
    name: stays.name,
    train: examples(rows.train),
    validation: examples(rows.validation),
    test: examples(rows.test),
    provenance: { ...stays.provenance, split: `${stays.provenance.split}; rows given by the caller` },
    classes: ["survived", "died"],
    scaler,
  };
}

/** @throws an error for a row that is in two splits: its outcome would be known in training. */
function checkRows({ y }: PhysioNet2012, rows: Split): void {
  const all = [...rows.train, ...rows.validation, ...rows.test];
  const count = y.shape[0] ?? 0;
  const wrong = all.find((row) => !(row >= 0 && row < count));
  if (wrong !== undefined)
    throw new TensorError(`physionet2012Examples: expected rows from 0 to ${count - 1}, got ${shown(wrong)}`);
  if (rows.train.length === 0) throw new TensorError("physionet2012Examples: there are no rows for training");
  const seen = new Set<number>();
  for (const row of all) {
    if (seen.has(row)) throw new TensorError(`physionet2012Examples: row ${row} is in the splits twice`);
    seen.add(row);
  }
}

function longestOf({ offsets: { data } }: Observations): number {
  let longest = 0;
  for (let row = 0; row + 1 < data.length; row++) longest = Math.max(longest, nth(data, row + 1) - nth(data, row));
  return longest;
}
