import type { GradientTransform } from "@sluice/clip";
import { add, div, mapTree, mul, sqrt, zerosLike, zipTrees, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkFraction, checkNotNegative } from "../checks.ts";
import { movingSquares } from "./moving-average.ts";
import { aliases } from "./sgd.ts";
import { squarable } from "./squarable.ts";
import { optimizerOptions, stepped, type OptimizerOptions } from "./stepped.ts";

/** Options of {@link adadelta}. `weightDecay` is L2: `g <- g + lambda w` before anything else. */
export interface AdadeltaOptions extends Omit<OptimizerOptions, "learningRate"> {
  /** The learning rate eta, or a schedule of it. Default 1, the paper's algorithm, which has none. */
  readonly learningRate?: OptimizerOptions["learningRate"];
  /** Decay of both running means. Default 0.9. */
  readonly rho?: number;
  /** Default 1e-6; added inside both roots. */
  readonly epsilon?: number;
}

type AdadeltaState = {
  /** E[g^2] */
  readonly squares: Tree;
  /** E[Δx^2] */
  readonly changes: Tree;
};

/**
 * Adadelta (Zeiler 2012, arXiv 1212.5701, algorithm 1) as PyTorch's:
 *
 *     E[g^2] <- rho E[g^2] + (1 - rho) g^2
 *     Δx = g sqrt(E[Δx^2] + epsilon) / sqrt(E[g^2] + epsilon)
 *     E[Δx^2] <- rho E[Δx^2] + (1 - rho) Δx^2;   x <- x - eta Δx
 *
 * Gradients beyond ±2^63 in f32 count as 2^63, so that both means stay finite.
 */
export function adadelta(options: AdadeltaOptions = {}): GradientTransform {
  checkOptions("adadelta", options, [...optimizerOptions, "rho", "epsilon"], aliases);
  const { learningRate = 1, rho = 0.9, epsilon = 1e-6, ...decay } = options;
  checkFraction("adadelta", "rho", rho);
  checkNotNegative("adadelta", "epsilon", epsilon);
  return stepped("adadelta", changes(rho, epsilon), { ...decay, learningRate });
}

function changes(rho: number, epsilon: number): GradientTransform<AdadeltaState> {
  return {
    name: "changes",
    init: (params) => ({ squares: mapTree(params, zerosLike), changes: mapTree(params, zerosLike) }),
    update(given, before) {
      const gradients = mapTree(given, squarable);
      const squares = movingSquares(gradients, before.squares, rho);
      const unit = zipTrees(gradients, squares, (g, mean) => div(g, sqrt(add(mean, epsilon))));
      const change = zipTrees(unit, before.changes, (u, mean) => mul(u, sqrt(add(mean, epsilon))));
      return { gradients: change, state: { squares, changes: movingSquares(change, before.changes, rho) } };
    },
  };
}
