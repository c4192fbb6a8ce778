import type { GradientTransform } from "@sluice/clip";
import { add, div, full, mapTree, min, sqrt, square, zipTrees, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkNotNegative } from "../checks.ts";
import { aliases } from "./sgd.ts";
import { largestSquare, squarable } from "./squarable.ts";
import { optimizerOptions, stepped, type OptimizerOptions } from "./stepped.ts";

/** Options of {@link adagrad}. `weightDecay` is L2: `g <- g + lambda w` before anything else. */
export interface AdagradOptions extends OptimizerOptions {
  /** Default 1e-10; added outside the root, as in PyTorch. */
  readonly epsilon?: number;
  /** The sum of squares before the first step. Default 0. */
  readonly initialSum?: number;
}

/**
 * Adagrad (Duchi, Hazan and Singer 2011, JMLR 12, the diagonal form) as PyTorch's:
 *
 *     G <- G + g^2;   w <- w - eta g / (sqrt(G) + epsilon)
 *
 * Gradients beyond ±2^63 in f32 count as 2^63. The sum G grows to 2^126 at most, so that it stays finite and the
 * weights keep moving. PyTorch's `lr_decay` is a schedule of the learning rate.
 */
export function adagrad(options: AdagradOptions): GradientTransform {
  checkOptions("adagrad", options, [...optimizerOptions, "epsilon", "initialSum"], {
    ...aliases,
    initial_accumulator_value: "initialSum",
  });
  const { epsilon = 1e-10, initialSum = 0 } = options;
  checkNotNegative("adagrad", "epsilon", epsilon);
  checkNotNegative("adagrad", "initialSum", initialSum);
  return stepped("adagrad", sumOfSquares(epsilon, initialSum), options);
}

function sumOfSquares(epsilon: number, initialSum: number): GradientTransform<{ readonly sum: Tree }> {
  return {
    name: "sumOfSquares",
    init: (params) => ({ sum: mapTree(params, (w) => full(w.shape, initialSum, w.dtype)) }),
    update(given, { sum }) {
      const gradients = mapTree(given, squarable);
      const G = zipTrees(gradients, sum, (g, old) => min(add(old, square(g)), largestSquare(g.dtype)));
      return { gradients: zipTrees(gradients, G, (g, s) => div(g, add(sqrt(s), epsilon))), state: { sum: G } };
    },
  };
}
