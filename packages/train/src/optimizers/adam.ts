import {
  add,
  convert,
  div,
  mapTree,
  max,
  scalar,
  sqrt,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { biasCorrection } from "./bias-correction.ts";
import { descend, type LearningRate } from "./descend.ts";
import { chain, type GradientTransform } from "@sluice/clip";
import { movingAverage, movingSquares } from "./moving-average.ts";
import { perDtype } from "./per-dtype.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";
import { decayOf, type Decays } from "./weight-decay.ts";

/** Options of {@link moments}. */
export interface MomentsOptions {
  /** Decay of the running mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the running mean of squares. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8; added to the root of the corrected second moment. */
  readonly epsilon?: number;
  /** Divide by the largest second moment so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean;
}

/** Options of {@link adam} and {@link adamw}. */
export interface AdamOptions extends MomentsOptions {
  /** The learning rate eta, or a schedule of it. */
  readonly learningRate: LearningRate;
  /**
   * `adam`: L2, `g <- g + lambda w` before the moments, default 0. `adamw`: decoupled, `w <- w - eta lambda w`, default
   * 0.01.
   */
  readonly weightDecay?: number;
  /** Which parameters decay; default: all. */
  readonly decays?: Decays;
}

type MomentsState = {
  /** t, i32 [] */
  readonly count: Tensor;
  readonly mean: Tree;
  readonly square: Tree;
  readonly largest?: Tree;
};

const known = ["learningRate", "beta1", "beta2", "epsilon", "amsgrad", "weightDecay", "decays"];

/** Adam (Kingma and Ba 2015, arXiv 1412.6980): {@link moments} and a step of size eta. */
export function adam(options: AdamOptions): GradientTransform {
  checkOptions("adam", options, known, aliases);
  const { learningRate, weightDecay = 0, decays, ...rest } = options;
  const members = [...decayOf("adam", weightDecay, decays), moments(rest, "adam"), descend(learningRate)];
  return { ...chain(...members), name: "adam" };
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), in PyTorch's form: `w <- w - eta (u
 * + lambda w)`.
 */
export function adamw(options: AdamOptions): GradientTransform {
  checkOptions("adamw", options, known, aliases);
  const { learningRate, weightDecay = 0.01, decays, ...rest } = options;
  const members = [moments(rest, "adamw"), ...decayOf("adamw", weightDecay, decays), descend(learningRate)];
  return { ...chain(...members), name: "adamw" };
}

/**
 * Adam's scaling, without the step:
 *
 *     m <- beta1 m + (1 - beta1) g;   v <- beta2 v + (1 - beta2) g^2
 *     u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *
 * Gradients beyond ±2^63 in f32 count as 2^63, so that v stays finite.
 */
export function moments(options: MomentsOptions = {}, operation = "moments"): GradientTransform<MomentsState> {
  checkOptions(operation, options, ["beta1", "beta2", "epsilon", "amsgrad"], aliases);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  checkFraction(operation, "beta1", beta1);
  checkFraction(operation, "beta2", beta2);
  checkNotNegative(operation, "epsilon", epsilon);
  return {
    name: "moments",
    init: (params) => ({
      count: scalar(0, "i32"),
      mean: mapTree(params, zerosLike),
      square: mapTree(params, zerosLike),
      ...(amsgrad ? { largest: mapTree(params, zerosLike) } : {}),
    }),
    update(given, { count, mean, square: squares, largest }) {
      const t = add(count, 1);
      const gradients = mapTree(given, squarable);
      const m = movingAverage(gradients, mean, beta1);
      const v = movingSquares(gradients, squares, beta2);
      const top = largest && zipTrees(v, largest, (now, before) => max(before, now));
      const correction = perDtype((dtype) => {
        const time = convert(t, dtype);
        return { first: biasCorrection(beta1, time), second: sqrt(biasCorrection(beta2, time)) };
      });
      const updates = zipTrees(m, top ?? v, (first, second) => {
        const by = correction(first.dtype);
        return div(div(first, by.first), add(div(sqrt(second), by.second), epsilon));
      });
      const state = { count: t, mean: m, square: v, ...(top === undefined ? {} : { largest: top }) };
      return { gradients: updates, state };
    },
  };
}
