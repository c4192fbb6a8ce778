import { physionet2012, type Dataset, type PhysioNet2012 } from "@sluice/data";
import {
  applyImputer,
  applyScaler,
  fitImputer,
  fitScaler,
  paddedExamples,
  takeRows,
  type Observations,
  type PaddedExamples,
} from "@sluice/irregular";
import { foldRows, type Fold } from "@sluice/study";
import { tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { clip, percentiles, type Limits } from "./limits.ts";

/** Hourly means, or every measurement at its true time. */
export type View = "hourly" | "events";

/** What stands where nothing was measured: the mean of the training rows, or the last value before. */
export type Imputation = "mean" | "forward";

/** A set of stays, whole or its first rows, as it is read from the files. */
export interface Stays {
  readonly set: Pick<PhysioNet2012, "name" | "observations" | "y">;
  readonly count: number;
}

/** Stays as examples: values in standard deviations, times in days. */
export type Stay = PaddedExamples & {
  /** Whether the patient died in hospital, i32 `[rows]`. */
  readonly y: Tensor;
};

/** The rows of each part. */
interface Parts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** Reads set A or B. */
export async function readStays(
  set: "a" | "b",
  { view, stays, folder }: { readonly view: View; readonly stays: number; readonly folder: string | null },
): Promise<Stays> {
  const inHours = await physionet2012({ set, view, folder });
  const read = { ...inHours, observations: inDays(inHours.observations) };
  return { set: read, count: Math.min(stays, read.observations.ids.length) };
}

/** The rows of a fold: a share of each class is tested, and a fifth of the others is for validation. */
export function foldOf({ set, count }: Stays, fold: Fold, seed: number): Parts {
  return foldRows(count, fold, { seed, classes: valuesOf(set.y).slice(0, count), validation: 0.2 });
}

/** How values become examples: fitted to training rows, applied to all. */
type Preparation = (given: Stays, rows: Int32Array) => Stay;

/**
 * Fits limits, scaler and imputer to the training rows: values beyond the 0.1 and 99.9 percentiles, which are typing
 * errors, are moved to them, and then standardized.
 */
function preparationOf(
  stays: Stays,
  train: Int32Array,
  { imputation, steps }: { readonly imputation: Imputation; readonly steps: number },
): Preparation {
  const rows = takeRows(stays.set.observations, train);
  const limits: Limits = percentiles(rows, 0.001);
  const scaler = fitScaler(clip(rows, limits));
  const imputer = fitImputer(applyScaler(scaler, clip(rows, limits)), { imputation });
  return (given, taken) => {
    const scaled = applyScaler(scaler, clip(takeRows(given.set.observations, taken), limits));
    return examplesOf(imputation === "mean" ? scaled : applyImputer(imputer, scaled), {
      steps,
      y: tensor(Int32Array.from(taken, (row) => valuesOf(given.set.y)[row] ?? 0)),
    });
  };
}

/** The examples of all parts. */
export const datasetOf = (
  stays: Stays,
  { train, validation, test }: Parts,
  options: { readonly imputation: Imputation; readonly steps: number },
): Pick<Dataset<Stay>, "train" | "validation" | "test"> => {
  const prepared = preparationOf(stays, train, options);
  return { train: prepared(stays, train), validation: prepared(stays, validation), test: prepared(stays, test) };
};

/** The steps of the longest of all rows. */
export function longestOf({ set }: Stays): number {
  const offsets = valuesOf(set.observations.offsets);
  let longest = 0;
  for (let row = 0; row + 1 < offsets.length; row++)
    longest = Math.max(longest, (offsets[row + 1] ?? 0) - (offsets[row] ?? 0));
  return longest;
}

function examplesOf(
  observations: Observations,
  { steps, y }: { readonly steps: number; readonly y: ArrayTensor },
): Stay {
  return { ...paddedExamples(observations, { steps }), y };
}

/** Times near 1, as decay needs them. */
function inDays(observations: Observations): Observations {
  const { data, shape } = observations.times;
  return {
    ...observations,
    timeUnit: "days",
    times: tensor(
      Float64Array.from(data, (hours) => hours / 24),
      shape,
    ),
  };
}
