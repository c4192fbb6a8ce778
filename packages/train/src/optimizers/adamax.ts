import type { GradientTransform } from "@sluice/clip";
import {
  abs,
  add,
  convert,
  div,
  mapTree,
  max,
  mul,
  scalar,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { biasCorrection } from "./bias-correction.ts";
import { movingAverage } from "./moving-average.ts";
import { perDtype } from "./per-dtype.ts";
import { aliases } from "./sgd.ts";
import { optimizerOptions, stepped, type OptimizerOptions } from "./stepped.ts";

/** Options of {@link adamax}. `weightDecay` is L2: `g <- g + lambda w` before anything else. */
export interface AdamaxOptions extends OptimizerOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the largest gradient. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8; added to |g|, as in PyTorch. */
  readonly epsilon?: number;
}

type AdamaxState = {
  /** t, i32 [] */
  readonly count: Tensor;
  readonly mean: Tree;
  readonly largest: Tree;
};

/**
 * AdaMax (Kingma and Ba 2015, arXiv 1412.6980, algorithm 2) as PyTorch's, with epsilon:
 *
 *     m <- beta1 m + (1 - beta1) g;   u <- max(beta2 u, |g| + epsilon)
 *     w <- w - eta / (1 - beta1^t) m / u
 */
export function adamax(options: AdamaxOptions): GradientTransform {
  checkOptions("adamax", options, [...optimizerOptions, "beta1", "beta2", "epsilon"], aliases);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  checkFraction("adamax", "beta1", beta1);
  checkFraction("adamax", "beta2", beta2);
  checkNotNegative("adamax", "epsilon", epsilon);
  return stepped("adamax", byLargest(beta1, beta2, epsilon), options);
}

function byLargest(beta1: number, beta2: number, epsilon: number): GradientTransform<AdamaxState> {
  return {
    name: "byLargest",
    init: (params) => ({
      count: scalar(0, "i32"),
      mean: mapTree(params, zerosLike),
      largest: mapTree(params, zerosLike),
    }),
    update(gradients, { count, mean, largest }) {
      const t = add(count, 1);
      const m = movingAverage(gradients, mean, beta1);
      const u = zipTrees(gradients, largest, (g, old) => max(mul(old, beta2), add(abs(g), epsilon)));
      const correction = perDtype((dtype) => biasCorrection(beta1, convert(t, dtype)));
      const updates = zipTrees(m, u, (first, norm) => div(div(first, correction(first.dtype)), norm));
      const state = { count: t, mean: m, largest: u };
      return { gradients: updates, state };
    },
  };
}
