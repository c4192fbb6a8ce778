import { physionet2012, type Dataset, type PhysioNet2012, type Split } from "@sluice/data";
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
import { tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { clip, percentiles } from "./limits.ts";

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

/** The parts of a set that train a model, choose its weights and test it. */
export type Parts = Pick<Dataset<Stay>, "train" | "validation" | "test">;

/** Reads a set. */
export async function readStays({
  set: name = "a",
  view,
  stays,
  folder,
}: {
  /** Default: set A. */
  readonly set?: "a" | "b";
  readonly view: View;
  readonly stays: number;
  readonly folder: string | null;
}): Promise<Stays> {
  const set = await physionet2012({ set: name, view, folder });
  return {
    set: { ...set, observations: inDays(set.observations) },
    count: Math.min(stays, set.observations.ids.length),
  };
}

/** The rows of a fold: a share of each class is tested, and a fifth of the others is for validation. */
export const foldOf = ({ set, count }: Stays, fold: Fold, seed: number): Split =>
  foldRows(count, fold, { seed, classes: valuesOf(set.y).slice(0, count), validation: 0.2 });

/**
 * The examples of all parts. Limits, scaler and imputer are fitted to the training rows: values beyond the 0.1 and 99.9
 * percentiles, which are typing errors, are moved to them, and then standardized. The test rows are those of `tested`,
 * which may be another set.
 */
export function datasetOf(
  stays: Stays,
  { train, validation, test }: Split,
  imputation: Imputation,
  tested: Stays = stays,
): Parts {
  const { observations } = stays.set;
  const limits = percentiles(takeRows(observations, train), 0.001);
  const clipped = clip(observations, limits);
  const scaler = fitScaler(takeRows(clipped, train));
  const scaled = applyScaler(scaler, clipped);
  const imputer = fitImputer(takeRows(scaled, train), { imputation });
  const own = applyImputer(imputer, scaled);
  const others =
    tested === stays ? own : applyImputer(imputer, applyScaler(scaler, clip(tested.set.observations, limits)));
  const steps = Math.max(longestOf(own), longestOf(others));
  const examples = (from: Observations, { y }: Stays["set"], rows: Int32Array): Stay => ({
    ...paddedExamples(takeRows(from, rows), { steps }),
    y: tensor(Int32Array.from(rows, (row) => valuesOf(y)[row] ?? 0)),
  });
  return {
    train: examples(own, stays.set, train),
    validation: examples(own, stays.set, validation),
    test: examples(others, tested.set, test),
  };
}

/** The steps of the longest row: padded to it, all parts share a program. */
function longestOf({ offsets: { data } }: Observations): number {
  return Array.from(data).reduce((longest, end, row) => Math.max(longest, end - (data[row - 1] ?? 0)), 0);
}

/** Times near 1, as decay needs them. */
function inDays(observations: Observations): Observations {
  const { data, shape } = observations.times;
  const times = tensor(
    new Float64Array(data).map((hours) => hours / 24),
    shape,
  );
  return { ...observations, timeUnit: "days", times };
}
