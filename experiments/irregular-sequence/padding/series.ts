import { fromPadded, raggedBatch, toPadded } from "@sluice/irregular";
import { key, keyFor, normal, tensor, uniform, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { batches, raggedBatches, type Batches, type BatchesOptions } from "@sluice/train";

/** How far the lengths of the series are spread. Their mean is the same. */
export type Spread = "equal" | "uniform" | "skewed";

/** Features of a step. */
export const features = 4;

/** Series of random numbers, padded to the longest one. */
export type Series = {
  /** `[series, time, 4]`; zeros beyond the length. */
  readonly x: Tensor;
  /** Real steps of each series, i32 `[series]`. */
  readonly lengths: Tensor;
  /** 1 if the sum of the first feature over the real steps is above 0, i32 `[series]`. */
  readonly y: Tensor;
};

/** The longest length of a spread around a mean. */
export const longestOf = (spread: Spread, mean: number): number =>
  ({ equal: 1, uniform: 2, skewed: 5.5 })[spread] * mean;

/**
 * The length at a share `u` in [0, 1) of the series: all equal; anything up to twice the mean; or half the mean for nine
 * of ten, and 5.5 times the mean for the tenth.
 */
export function lengthAt(spread: Spread, mean: number, u: number): number {
  if (spread === "equal") return mean;
  if (spread === "uniform") return 1 + Math.floor(u * (2 * mean - 1));
  return u < 0.9 ? mean / 2 : longestOf(spread, mean);
}

export interface SeriesOptions {
  readonly spread: Spread;
  /** The mean length. */
  readonly steps: number;
  readonly count: number;
  readonly key: ArrayTensor;
}

/**
 * Series of one spread. The lengths are those at equal distances of the distribution, in random order, so that every
 * draw has the same number of real steps.
 */
export function seriesOf({ spread, steps, count, key: own }: SeriesOptions): Series {
  const draws = valuesOf(uniform(keyFor(own, "lengths"), [count]));
  const ranks = Array.from(draws.keys()).sort((a, b) => (draws[a] ?? 0) - (draws[b] ?? 0));
  const lengths = ranks.map((rank) => lengthAt(spread, steps, (rank + 0.5) / count));
  let total = 0;
  const offsets = [0, ...lengths.map((length) => (total += length))];
  const values = valuesOf(normal(keyFor(own, "values"), [total, features]));
  const y = Int32Array.from(lengths, (length, row) => {
    const from = offsets[row] ?? 0;
    let sum = 0;
    for (let step = from; step < from + length; step++) sum += values[step * features] ?? 0;
    return sum > 0 ? 1 : 0;
  });
  const padded = toPadded(raggedBatch({ values: tensor(values, [total, features]), offsets }), {
    steps: longestOf(spread, steps),
  });
  return { x: padded.x, lengths: padded.lengths, y: tensor(y) };
}

/** The parts of the data of a trial. */
export function datasetOf({
  seed,
  train,
  validation,
  test,
  ...options
}: Omit<SeriesOptions, "count" | "key"> & {
  readonly seed: number;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}) {
  const part = (name: string, count: number): Series =>
    seriesOf({ ...options, count, key: keyFor(keyFor(key(seed), "series"), name) });
  return { train: part("train", train), validation: part("validation", validation), test: part("test", test) };
}

/** How series are put into batches; all are padded to the longest one of the data. */
export type Order = "any" | "longest first" | "similar lengths";

/** Batches of series in an order. */
export function seriesBatches(series: Series, order: Order, options: BatchesOptions): Batches<Series> {
  if (order !== "similar lengths") return batches(series, { ...options, longestFirst: order === "longest first" });
  const [x, lengths] = [arrayOf(series.x), arrayOf(series.lengths)];
  return raggedBatches(
    { sequences: fromPadded({ x, lengths }), perSequence: { y: series.y } },
    { ...options, steps: x.shape[1] ?? 0, byLength: true },
  );
}

const arrayOf = (x: Tensor): ArrayTensor => tensor(valuesOf(x), x.shape, { dtype: x.dtype });
