import {
  applyImputer,
  applyScaler,
  fitImputer,
  fitScaler,
  paddedExamples,
  takeRows,
  type Imputation,
  type Imputer,
  type Observations,
  type Scaler,
} from "@sluice/irregular";
import { foldRows, type Fold } from "@sluice/study";
import { broadcastTo, concat, convert, mul, reshape, tensor, TensorError, type Tensor } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import type { FoldRows } from "@sluice/trials";

/** What is to be predicted: a static variable of the records. */
export interface RecordsTarget {
  readonly name: string;
  /** Its classes. Default: none, and the target is a number. */
  readonly categories?: readonly string[];
}

/**
 * How a cell gets the values of a step. `joined`: its input is the values, which of them were observed, the time since
 * the step before, and the static variables. `separate`: its input is the values, and it reads `mask`, `delta` and
 * `elapsed` as its own extra inputs, as GRU-D does.
 */
export type RecordsInputs = "joined" | "separate";

/** What was fitted to the training rows. It is saved with the weights. */
export interface Fitting {
  readonly scaler: Scaler;
  readonly imputer: Imputer;
  /** What a number that is predicted is multiplied by, and what is added. Of classes: 1 and 0. */
  readonly spread: number;
  readonly center: number;
  /** The mean time between two steps of a row; the model reads times in this unit. */
  readonly gap: number;
}

/** Observations without the target, and the target of each row; NaN where it is unknown. */
export interface Targeted {
  readonly observations: Observations;
  readonly y: Float64Array;
}

/** Takes the target, the last of the static variables, out of the observations. */
export function withoutTarget(observations: Observations): Targeted {
  const { variables, values, mask } = observations.statics;
  const [rows, width] = [observations.ids.length, variables.length];
  const kept = (data: ArrayLike<number>): number[] =>
    Array.from({ length: rows * (width - 1) }, (_, at) => {
      const row = Math.floor(at / (width - 1));
      return nth(data, row * width + (at % (width - 1)));
    });
  const shape = [rows, width - 1];
  return {
    observations: {
      ...observations,
      statics: {
        variables: variables.slice(0, -1),
        values: tensor(Float64Array.from(kept(values.data)), shape),
        mask: tensor(kept(mask.data), shape, { dtype: "bool" }),
      },
    },
    y: Float64Array.from({ length: rows }, (_, row) => nth(values.data, (row + 1) * width - 1)),
  };
}

/** How the rows of a trial are divided. */
export interface Division {
  readonly fold: Fold;
  readonly seed: number;
  /** The share of the training rows for validation. */
  readonly validation: number;
  /** The group of each row; undefined if rows are alone. */
  readonly groups: readonly string[] | undefined;
  readonly isClass: boolean;
}

/** The rows of a fold by use. Rows without a target are in none. */
export function divided(y: Float64Array, { fold, seed, validation, groups, isClass }: Division): FoldRows {
  const known = Array.from(y, (_, row) => row).filter((row) => !Number.isNaN(y[row]));
  const ofKnown = <T>(values: ArrayLike<T>): T[] => known.map((row) => nth(values, row));
  const kept = groups !== undefined ? { groups: ofKnown(groups) } : isClass ? { classes: ofKnown(y) } : {};
  const rows = foldRows(known.length, fold, { seed, validation, ...kept });
  const rowsAt = (places: Int32Array): Int32Array => places.map((place) => nth(known, place));
  return { train: rowsAt(rows.train), validation: rowsAt(rows.validation), test: rowsAt(rows.test) };
}

/** Fits the scaler, the imputer and the scale of the target to the training rows alone. */
export function fitting(
  { observations, y }: Targeted,
  train: Int32Array,
  { imputation, isClass }: { readonly imputation: Imputation; readonly isClass: boolean },
): Fitting {
  const rows = takeRows(observations, train);
  const scaler = fitScaler(rows);
  const imputer = fitImputer(applyScaler(scaler, rows), { imputation });
  const gap = meanGap(rows);
  if (isClass) return { scaler, imputer, gap, spread: 1, center: 0 };
  const targets = Array.from(train, (row) => nth(y, row));
  const center = targets.reduce((sum, value) => sum + value, 0) / targets.length;
  const squares = targets.reduce((sum, value) => sum + (value - center) * (value - center), 0) / targets.length;
  return { scaler, imputer, gap, center, spread: squares === 0 ? 1 : Math.sqrt(squares) };
}

/** The mean time between two steps of a row; 1 if no row has two. */
function meanGap({ offsets: { data: offsets }, times: { data: times } }: Observations): number {
  let [sum, count] = [0, 0];
  for (let row = 0; row + 1 < offsets.length; row++) {
    const [from, to] = [nth(offsets, row), nth(offsets, row + 1)];
    if (to - from < 2) continue;
    sum += nth(times, to - 1) - nth(times, from);
    count += to - from - 1;
  }
  return count === 0 ? 1 : sum / count;
}

/** What the model reads: a type alias, so that it is a tree of tensors. */
export type RecordsExamples = { readonly [name: string]: Tensor; readonly x: Tensor; readonly lengths: Tensor };

/** Scaled and imputed examples of all rows. */
export function inputsOf(
  observations: Observations,
  { scaler, imputer, gap }: Pick<Fitting, "scaler" | "imputer" | "gap">,
  inputs: RecordsInputs,
): RecordsExamples {
  const { x, lengths, mask, statics, ...times } = paddedExamples(
    applyImputer(imputer, applyScaler(scaler, observations)),
  );
  const [delta, elapsed] = [mul(times.delta, 1 / gap), mul(times.elapsed, 1 / gap)];
  if (inputs === "separate") return { x, lengths, mask, delta, elapsed };
  const [rows = 0, time = 0] = x.shape;
  const width = statics.shape[1] ?? 0;
  const parts = [x, convert(mask, "f32"), elapsed];
  if (width > 0) parts.push(broadcastTo(reshape(statics, [rows, 1, width]), [rows, time, width]));
  return { x: concat(parts, 2), lengths };
}

/** The targets as the model predicts them. */
export function targetsOf(y: Float64Array, isClass: boolean): Tensor {
  if (isClass) return tensor(Int32Array.from(y, (value) => (Number.isNaN(value) ? -1 : value)));
  return tensor(Float32Array.from(y), [y.length, 1]);
}

/** Throws an error if the rows cannot be divided. */
export function checkRows(operation: string, y: Float64Array, target: RecordsTarget): void {
  if (y.some((value) => !Number.isNaN(value))) return;
  throw new TensorError(`${operation}: no row has a value of the target ${target.name}; is it the name of a column?`);
}
