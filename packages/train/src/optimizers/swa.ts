import type { GradientTransform } from "@sluice/clip";
import {
  add,
  convert,
  div,
  equal,
  greater,
  mapTree,
  scalar,
  select,
  sub,
  TensorError,
  zipTrees,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { AverageState } from "./averaged-weights.ts";

/** Options of {@link swa}. */
export interface SwaOptions {
  /** The first step whose weights are averaged, counted from 1. Default 1. */
  readonly start?: number;
  /** c, the steps from one averaged step to the next. Default 1. */
  readonly every?: number;
}

type SwaState = AverageState & {
  /** Steps until the next that is averaged, i32 []. */
  readonly wait: Tensor;
};

/**
 * Stochastic weight averaging (Izmailov et al. 2018, arXiv 1803.05407, algorithm 1): keeps the mean of the weights
 * after the steps `start`, `start + c`, `start + 2 c`, ... beside them,
 *
 *     w_SWA <- w_SWA + (w - w_SWA) / (n + 1);   n <- n + 1
 *
 * Until step `start` the average is the current weights. It changes no updates. Put it last in a chain, where the
 * weights after the step are known: `chain(sgd({ learningRate: 0.05 }), swa({ start: 1000, every: 100 }))`. {@link
 * averagedWeights} returns the average. A `constrain` of the trainer comes after the optimizer, so weights before it
 * are averaged.
 */
export function swa(options: SwaOptions = {}): GradientTransform<SwaState> {
  checkOptions("swa", options, ["start", "every"], { swa_start: "start", swa_freq: "every", c: "every" });
  const { start = 1, every = 1 } = options;
  for (const [name, value] of Object.entries({ start, every }))
    if (!Number.isInteger(value) || value < 1)
      throw new TensorError(`swa: expected an integer ${name} >= 1, got ${value}`);
  return {
    name: "swa",
    init: (params) => ({
      averaged: scalar(0, "i32"),
      wait: scalar(start, "i32"),
      average: mapTree(params, (w) => w),
    }),
    update(updates, { averaged: n, wait, average }, params) {
      const left = sub(wait, 1);
      const due = equal(left, 0);
      const counted = add(n, 1);
      const after = zipTrees(params, updates, sub);
      const next = zipTrees(average, after, (mean, w) => {
        const joined = add(mean, div(sub(w, mean), convert(counted, w.dtype)));
        return select(greater(n, 0), select(due, joined, mean), w);
      });
      const state = { averaged: select(due, counted, n), wait: select(due, every, left), average: next };
      return { gradients: updates, state };
    },
  };
}
