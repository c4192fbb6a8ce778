import {
  add,
  and,
  convert,
  div,
  exp,
  less,
  log,
  max,
  min,
  mul,
  scalar,
  select,
  sqrt,
  square,
  sub,
  TensorError,
  zipTrees,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkCount, checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform } from "./gradient-transform.ts";
import { dtypeOf, treeNorm } from "./norm.ts";

/** Options of {@link skipOutlier}. */
export interface SkipOutlierOptions {
  /** From how many deviations above the mean a step is skipped. Default 4, as in the paper. */
  readonly threshold?: number;
  /** How much of mean and variance stays in a step. Default 0.995, as in Lingvo. */
  readonly decay?: number;
  /** How many norms must have been seen before a step can be skipped. Default 100. */
  readonly warmup?: number;
  /** Smaller norms count as this one. Default 0.01, as in Lingvo; lower it where norms are usually smaller. */
  readonly smallest?: number;
}

/**
 * Moving mean and variance of log g, the sum of the weights in them, [], and how many norms they have seen, at most
 * `warmup`, and how many steps were skipped, i32 [].
 */
type OutlierState = {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly weight: Tensor;
  readonly count: Tensor;
  readonly skipped: Tensor;
};

/** `skipped` is the total of the run, i32 []. */
type OutlierReport = ClipReport & { readonly skipped: Tensor };

/** The smallest deviation of log g, so that equal norms do not make each next one an outlier. Lingvo's. */
const SMALLEST_DEVIATION = 1e-3;

/**
 * Skips the whole step if the norm g of all gradients together is an outlier (Chen et al. 2018, arXiv 1804.09849,
 * adaptive gradient clipping):
 *
 *     skip where log g > m + 4 s
 *
 * m and s are the moving mean and deviation of log g over the steps before: exponential averages, divided by the sum of
 * their weights `1 - decay^t`. The paper does not give the decay; it is that of Lingvo, the authors' code, as is the
 * lower bound of g. A skipped step counts in the averages as `m + 4 s`, so that norms that stay large are accepted in
 * the end. (Lingvo takes `log(g + 1)` and waits until the weights add up to 0.75, 277 steps.)
 *
 * A norm that is NaN or infinite changes no averages and is not skipped; use {@link skipNonFinite} for such a step.
 * Reports `{ norm, limit, clipped, skipped }`: g, exp(m + 4 s), 1 if this step is skipped, and how many were.
 */
export function skipOutlier(options: SkipOutlierOptions = {}): GradientTransform<OutlierState, OutlierReport> {
  checkOptions("skipOutlier", options, ["threshold", "decay", "warmup", "smallest"], { clipThreshold: "threshold" });
  const { threshold = 4, decay = 0.995, warmup = 100, smallest = 0.01 } = options;
  checkPositive("skipOutlier", "threshold", threshold);
  checkPositive("skipOutlier", "smallest", smallest);
  checkCount("skipOutlier", "warmup", warmup);
  if (!(typeof decay === "number" && decay > 0 && decay < 1))
    throw new TensorError(`skipOutlier: expected a decay above 0 and below 1, got ${decay}`);
  return {
    name: "skipOutlier",
    init(params) {
      const zero = scalar(0, dtypeOf(params));
      return { mean: zero, variance: zero, weight: zero, count: scalar(0, "i32"), skipped: scalar(0, "i32") };
    },
    update(gradients, state) {
      const { mean, variance, count, skipped } = state;
      const norm = convert(treeNorm(gradients), mean.dtype);
      const finite = less(norm, Infinity);
      const x = log(max(norm, smallest));
      const limit = add(mean, mul(max(sqrt(variance), SMALLEST_DEVIATION), threshold));
      const isWarm = less(warmup - 1, count);
      const skip = and(and(finite, isWarm), less(limit, x));
      const seen = withNorm(state, select(isWarm, min(x, limit), x), decay);
      const next = { ...seen, count: min(add(count, 1), warmup), skipped: add(skipped, convert(skip, "i32")) };
      return {
        gradients,
        state: zipTrees(state, next, (old, fresh) => select(finite, fresh, old)),
        report: { norm, limit: exp(limit), clipped: convert(skip, norm.dtype), skipped: next.skipped },
        skip,
      };
    },
  };
}

/** The averages with one more x. Dividing by the sum of the weights is the same as a larger weight of each early x. */
function withNorm({ mean, variance, weight }: OutlierState, x: Tensor, decay: number) {
  const total = add(mul(weight, decay), 1 - decay);
  const share = div(1 - decay, total);
  const d = sub(x, mean);
  return {
    mean: add(mean, mul(share, d)),
    variance: mul(sub(1, share), add(variance, mul(share, square(d)))),
    weight: total,
  };
}
