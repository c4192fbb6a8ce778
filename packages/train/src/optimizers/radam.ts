import type { GradientTransform } from "@sluice/clip";
import {
  add,
  convert,
  div,
  greater,
  leavesOf,
  mapTree,
  max,
  mul,
  scalar,
  select,
  sqrt,
  sub,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { biasCorrection } from "./bias-correction.ts";
import { movingAverage, movingSquares } from "./moving-average.ts";
import { perDtype } from "./per-dtype.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";
import { type DecoupledOptimizerOptions, optimizerOptions, stepped } from "./stepped.ts";

/** Options of {@link radam}. */
export interface RadamOptions extends DecoupledOptimizerOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squares. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8; added to the root of the second moment before its correction, as in PyTorch. */
  readonly epsilon?: number;
}

type RadamState = {
  /** t, i32 [] */
  readonly count: Tensor;
  /** The mean age of the squares in v, in steps; a float scalar */
  readonly age: Tensor;
  readonly mean: Tree;
  readonly square: Tree;
};

/**
 * RAdam, Adam with a rectified adaptive learning rate (Liu et al. 2020, arXiv 1908.03265, algorithm 2) as PyTorch's:
 *
 *     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
 *     mhat = m / (1 - beta1^t);   rho_inf = 2 / (1 - beta2) - 1
 *     rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)
 *     r_t = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))
 *     w <- w - eta r_t mhat sqrt(1 - beta2^t) / (sqrt(v) + epsilon)   if rho_t > 5
 *     w <- w - eta mhat                                               otherwise
 *
 * rho_t is a difference of numbers near rho_inf, of which f32 keeps three digits. It is computed as `1 + 2 a_t`, where
 * `a_t = (a_{t-1} + 1) beta2 (1 - beta2^(t-1)) / (1 - beta2^t)`, `a_0 = 0`, is the mean age of the squares in v.
 *
 * Gradients beyond ±2^63 in f32 count as 2^63, so that v stays finite.
 */
export function radam(options: RadamOptions): GradientTransform {
  checkOptions("radam", options, [...optimizerOptions, "decoupled", "beta1", "beta2", "epsilon"], {
    ...aliases,
    decoupled_weight_decay: "decoupled",
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  checkFraction("radam", "beta1", beta1);
  checkFraction("radam", "beta2", beta2);
  checkNotNegative("radam", "epsilon", epsilon);
  return stepped("radam", rectified(beta1, beta2, epsilon), options);
}

function rectified(beta1: number, beta2: number, epsilon: number): GradientTransform<RadamState> {
  return {
    name: "rectified",
    init: (params) => ({
      count: scalar(0, "i32"),
      age: scalar(0, leavesOf(params)[0]?.tensor.dtype ?? "f32"),
      mean: mapTree(params, zerosLike),
      square: mapTree(params, zerosLike),
    }),
    update(given, before) {
      const t = add(before.count, 1);
      const gradients = mapTree(given, squarable);
      const age = nextAge(before.age, beta2, convert(t, before.age.dtype));
      const mean = movingAverage(gradients, before.mean, beta1);
      const squares = movingSquares(gradients, before.square, beta2);
      const factors = perDtype((dtype) => {
        const time = convert(t, dtype);
        const rho = add(mul(convert(age, dtype), 2), 1);
        return {
          first: biasCorrection(beta1, time),
          known: greater(rho, 5),
          scale: mul(rectification(rho, beta2), sqrt(biasCorrection(beta2, time))),
        };
      });
      const updates = zipTrees(mean, squares, (m, v) => {
        const { first, known, scale } = factors(m.dtype);
        const mhat = div(m, first);
        return select(known, mul(mhat, div(scale, add(sqrt(v), epsilon))), mhat);
      });
      const state = { count: t, age, mean, square: squares };
      return { gradients: updates, state };
    },
  };
}

/** a_t of a_{t-1}. */
function nextAge(age: Tensor, beta2: number, t: Tensor): Tensor {
  const remaining = div(biasCorrection(beta2, sub(t, 1)), biasCorrection(beta2, t));
  return mul(mul(add(age, 1), beta2), remaining);
}

/** r_t of rho_t; 0 where rho_t <= 4. */
function rectification(rho: Tensor, beta2: number): Tensor {
  const limit = 2 / (1 - beta2) - 1;
  const ofLimit = limit / ((limit - 4) * (limit - 2));
  return sqrt(mul(div(mul(max(sub(rho, 4), 0), sub(rho, 2)), rho), ofLimit));
}
