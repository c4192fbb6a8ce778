import type { Tensor, Tree } from "@sluice/tensor";
import { checkMade } from "@sluice/tensor/internal";
import type { LossOptions } from "../losses/reduce.ts";

/** Which elements or rows count, as in the losses: `mask` (bool, or weights >= 0) and `lengths`. */
export type CountedOptions = Pick<LossOptions, "mask" | "lengths">;

/** Says that the data does not define a value. */
export interface NotDefined {
  /** Why, such as "auroc: there are no positive targets". */
  readonly notDefined: string;
}

/**
 * A metric over a data set of which only a batch at a time is known: start with `init()`, call `update` with each
 * batch, and read `value`. It is the metric of all examples, not a mean of the batches' metrics.
 *
 * The state is plain data: numbers and typed arrays that `structuredClone` copies. An update returns a new state. The
 * value has the same bits for any division into batches and any order of examples, unless a sum exceeds the range of f64.
 * Whatever a mask or a length excludes reaches nothing, NaN included.
 *
 * You can write your own; `metricSuite` of `@sluice/train/testing` checks it.
 */
export interface StreamingMetric<
  V = number,
  S extends object = object,
  P extends Tree = Tensor,
  T extends Tree | undefined = Tensor,
> {
  /** The name with which its errors begin. */
  readonly name: string;
  /** Which of two values is better. */
  readonly better: "higher" | "lower" | "neither";
  /** The state before the first batch. */
  init(): S;
  /** The state after a further batch. Prediction and target are arrays. */
  update(state: S, prediction: P, target: T, options?: CountedOptions): S;
  /** The value over all batches so far, or why there is none. */
  value(state: S): V | NotDefined;
}

/** The value of a metric on data that is in memory as a whole. */
export function evaluateMetric<V, P extends Tree, T extends Tree | undefined>(
  metric: StreamingMetric<V, object, P, T>,
  prediction: NoInfer<P>,
  target: NoInfer<T>,
  options: CountedOptions = {},
): V | NotDefined {
  const made = { init: "function", update: "function", value: "function" };
  checkMade("evaluateMetric", "the metric", metric, made, "auroc()");
  return metric.value(metric.update(metric.init(), prediction, target, options));
}
