import { add, div, mapTree, max, sqrt, square, sub, zerosLike, zipTrees, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { descend, type LearningRate } from "./descend.ts";
import { momentum as withMomentum } from "./momentum.ts";
import { chain, type GradientTransform } from "@sluice/clip";
import { movingAverage, movingSquares } from "./moving-average.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";
import { decayOf, type Decays } from "./weight-decay.ts";

/** Options of {@link rmsprop}. */
export interface RmspropOptions {
  /** The learning rate eta, or a schedule of it. */
  readonly learningRate: LearningRate;
  /** Decay of the running mean of squares; PyTorch's alpha. Default 0.99. */
  readonly rho?: number;
  /** Default 1e-8; added outside the root, as in PyTorch. */
  readonly epsilon?: number;
  /** Momentum of the scaled gradients. Default 0. */
  readonly momentum?: number;
  /**
   * Divide by the standard deviation instead of the root mean square (Graves 2013, arXiv 1308.0850, eq. 38 to 41).
   * Default false.
   */
  readonly centred?: boolean;
  /** L2: `g <- g + lambda w` before anything else. Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default: all. */
  readonly decays?: Decays;
}

type SquaresState = { readonly square: Tree; readonly mean?: Tree };

/**
 * RMSprop (Tieleman and Hinton 2012) as PyTorch's: `s <- rho s + (1 - rho) g^2; w <- w - eta g / (sqrt(s) + epsilon)`;
 * if centered, with `s - m^2` under the root. Gradients beyond ±2^63 in f32 count as 2^63, so that s stays finite.
 */
export function rmsprop(options: RmspropOptions): GradientTransform {
  checkOptions(
    "rmsprop",
    options,
    ["learningRate", "rho", "epsilon", "momentum", "centred", "weightDecay", "decays"],
    aliases,
  );
  const { learningRate, rho = 0.99, epsilon = 1e-8, momentum = 0, centred = false, weightDecay = 0, decays } = options;
  checkFraction("rmsprop", "rho", rho);
  checkNotNegative("rmsprop", "epsilon", epsilon);
  const members = [
    ...decayOf("rmsprop", weightDecay, decays),
    squares(rho, epsilon, centred),
    ...(momentum === 0 ? [] : [withMomentum(momentum)]),
    descend(learningRate),
  ];
  return { ...chain(...members), name: "rmsprop" };
}

function squares(rho: number, epsilon: number, centred: boolean): GradientTransform<SquaresState> {
  return {
    name: "squares",
    init: (params) => ({
      square: mapTree(params, zerosLike),
      ...(centred ? { mean: mapTree(params, zerosLike) } : {}),
    }),
    update(given, { square: before, mean }) {
      const gradients = mapTree(given, squarable);
      const s = movingSquares(gradients, before, rho);
      const m = mean && movingAverage(gradients, mean, rho);
      // Rounding may make the variance negative.
      const variance = m === undefined ? s : zipTrees(s, m, (squared, first) => max(sub(squared, square(first)), 0));
      const updates = zipTrees(gradients, variance, (g, v) => div(g, add(sqrt(v), epsilon)));
      return { gradients: updates, state: { square: s, ...(m === undefined ? {} : { mean: m }) } };
    },
  };
}
