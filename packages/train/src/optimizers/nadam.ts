import type { GradientTransform } from "@sluice/clip";
import {
  add,
  convert,
  div,
  exp,
  leavesOf,
  mapTree,
  mul,
  scalar,
  sqrt,
  sub,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, logF64 } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { biasCorrection } from "./bias-correction.ts";
import { movingAverage, movingSquares } from "./moving-average.ts";
import { perDtype } from "./per-dtype.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";
import { type DecoupledOptimizerOptions, optimizerOptions, stepped } from "./stepped.ts";

/** Options of {@link nadam}. */
export interface NadamOptions extends DecoupledOptimizerOptions {
  /** The limit of the momentum mu_t. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squares. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8; added to the root of the corrected second moment. */
  readonly epsilon?: number;
  /** psi, how fast the momentum rises to its limit. Default 0.004, as in PyTorch. */
  readonly momentumDecay?: number;
}

type NadamState = {
  /** t, i32 [] */
  readonly count: Tensor;
  /** mu_1 mu_2 ... mu_t, a float scalar */
  readonly product: Tensor;
  readonly mean: Tree;
  readonly square: Tree;
};

/**
 * NAdam, Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam", algorithm 8) as
 * PyTorch's:
 *
 *     mu_t = beta1 (1 - 0.96^(t psi) / 2)
 *     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
 *     mhat = mu_{t+1} m / (1 - mu_1 ... mu_{t+1}) + (1 - mu_t) g / (1 - mu_1 ... mu_t)
 *     w <- w - eta mhat / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * Gradients beyond ±2^63 in f32 count as 2^63, so that v stays finite.
 */
export function nadam(options: NadamOptions): GradientTransform {
  checkOptions("nadam", options, [...optimizerOptions, "decoupled", "beta1", "beta2", "epsilon", "momentumDecay"], {
    ...aliases,
    momentum_decay: "momentumDecay",
    decoupled_weight_decay: "decoupled",
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentumDecay = 0.004 } = options;
  checkFraction("nadam", "beta1", beta1);
  checkFraction("nadam", "beta2", beta2);
  checkNotNegative("nadam", "epsilon", epsilon);
  checkNotNegative("nadam", "momentumDecay", momentumDecay);
  return stepped("nadam", nesterovMoments({ beta1, beta2, epsilon, psi: momentumDecay }), options);
}

interface NesterovMoments {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly psi: number;
}

function nesterovMoments({ beta1, beta2, epsilon, psi }: NesterovMoments): GradientTransform<NadamState> {
  const mu = (t: Tensor): Tensor => mul(sub(1, div(exp(mul(t, psi * logF64(0.96))), 2)), beta1);
  return {
    name: "nesterovMoments",
    init: (params) => ({
      count: scalar(0, "i32"),
      product: scalar(1, leavesOf(params)[0]?.tensor.dtype ?? "f32"),
      mean: mapTree(params, zerosLike),
      square: mapTree(params, zerosLike),
    }),
    update(given, before) {
      const t = add(before.count, 1);
      const gradients = mapTree(given, squarable);
      const product = mul(before.product, mu(convert(t, before.product.dtype)));
      const mean = movingAverage(gradients, before.mean, beta1);
      const squares = movingSquares(gradients, before.square, beta2);
      const factors = perDtype((dtype) => {
        const time = convert(t, dtype);
        const [now, next, all] = [mu(time), mu(add(time, 1)), convert(product, dtype)];
        return {
          ofMean: div(next, sub(1, mul(all, next))),
          ofGradient: div(sub(1, now), sub(1, all)),
          second: biasCorrection(beta2, time),
        };
      });
      const mhat = zipTrees(gradients, mean, (g, m) => {
        const { ofMean, ofGradient } = factors(g.dtype);
        return add(mul(m, ofMean), mul(g, ofGradient));
      });
      const updates = zipTrees(mhat, squares, (m, v) => div(m, add(sqrt(div(v, factors(v.dtype).second)), epsilon)));
      return { gradients: updates, state: { count: t, product, mean, square: squares } };
    },
  };
}
