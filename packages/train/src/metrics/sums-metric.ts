import { TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { adderOf, roundedSum, type Planes } from "./exact-sums.ts";
import type { CountedOptions, NotDefined, StreamingMetric } from "./streaming-metric.ts";

/** The state of a metric that follows from sums over what counts. */
export interface SumsState {
  /** Exact sums; sum 0 is that of the weights. Empty before the first batch. */
  readonly planes: Planes;
  /** What counts although its prediction or target is NaN. */
  readonly nans: number;
}

/** Adds x to sum `i`. */
type AddTo = (i: number, x: number) => void;

/** What makes a metric of sums. `P` and `T` are prediction and target. */
interface SumsParts<V, P, T> {
  readonly name: string;
  readonly better: StreamingMetric["better"];
  /** The number of sums for a batch. */
  readonly sums: (prediction: P, target: T) => number;
  /** Adds a batch. Returns how many elements or rows count although they have a NaN. */
  readonly add: (add: AddTo, prediction: P, target: T, counted: CountedOptions) => number;
  /** The value from the rounded sums. `count` is their number. */
  readonly value: (sum: (i: number) => number, count: number) => V | NotDefined;
}

/** A metric whose value follows from sums over what counts. */
export function sumsMetric<V, P extends Tree = Tensor, T extends Tree | undefined = Tensor>({
  name,
  better,
  sums,
  add,
  value,
}: SumsParts<V, P, T>): StreamingMetric<V, SumsState, P, T> {
  return {
    name,
    better,
    init: () => ({ planes: [], nans: 0 }),
    update({ planes, nans }, prediction, target, counted = {}) {
      const count = sums(prediction, target);
      const before = planes[0]?.length ?? count;
      if (before !== count)
        throw new TensorError(`${name}: this batch has another number of classes than the batches before it`);
      const adder = adderOf(planes, count);
      const further = add(adder.add, prediction, target, counted);
      return { planes: adder.planes, nans: nans + further };
    },
    value({ planes, nans }) {
      if (nans > 0) return notANumber(name, nans);
      const sum = (i: number): number => roundedSum(planes, i);
      if (sum(0) === 0) return nothingCounts(name);
      const result = value(sum, planes[0]?.length ?? 0);
      return Number.isNaN(result) ? { notDefined: `${name}: predictions or targets are infinite` } : result;
    },
  };
}

/** The answer where nothing counts. */
export const nothingCounts = (name: string): NotDefined => ({ notDefined: `${name}: nothing counts` });

/** The answer where NaN counts. */
export const notANumber = (name: string, nans: number): NotDefined => ({
  notDefined: `${name}: NaN in ${nans} ${nans === 1 ? "prediction or target that counts" : "predictions or targets that count"}`,
});
