import type { GradientTransform } from "@sluice/clip";
import { mapTree, sign, zerosLike, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction } from "../checks.ts";
import { movingAverage } from "./moving-average.ts";
import { aliases } from "./sgd.ts";
import { optimizerOptions, stepped, type OptimizerOptions } from "./stepped.ts";

/** Options of {@link lion}. `weightDecay` is decoupled: `w <- w - eta lambda w`. */
export interface LionOptions extends OptimizerOptions {
  /** The share of the mean in the direction. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of gradients. Default 0.99. */
  readonly beta2?: number;
}

/**
 * Lion (Chen et al. 2023, arXiv 2302.06675, algorithm 2):
 *
 *     c = beta1 m + (1 - beta1) g;   w <- w - eta (sign(c) + lambda w)
 *     m <- beta2 m + (1 - beta2) g
 *
 * Every weight moves by eta. The paper suggests a learning rate 3 to 10 times smaller than AdamW's, and a weight decay
 * that is larger by the same factor.
 */
export function lion(options: LionOptions): GradientTransform {
  checkOptions("lion", options, [...optimizerOptions, "beta1", "beta2"], aliases);
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  checkFraction("lion", "beta1", beta1);
  checkFraction("lion", "beta2", beta2);
  return stepped("lion", signs(beta1, beta2), { ...options, decoupled: true });
}

function signs(beta1: number, beta2: number): GradientTransform<{ readonly mean: Tree }> {
  return {
    name: "signs",
    init: (params) => ({ mean: mapTree(params, zerosLike) }),
    update(gradients, { mean }) {
      const c = movingAverage(gradients, mean, beta1);
      return { gradients: mapTree(c, sign), state: { mean: movingAverage(gradients, mean, beta2) } };
    },
  };
}
