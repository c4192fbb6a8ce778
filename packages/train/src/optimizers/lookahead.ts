import { chain, type GradientTransform } from "@sluice/clip";
import {
  add,
  equal,
  mapTree,
  mul,
  scalar,
  select,
  sub,
  TensorError,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, checkOptions } from "@sluice/tensor/internal";

/** Options of {@link lookahead}. */
export interface LookaheadOptions {
  /** k, the steps of the optimizer between two steps of the slow weights. Default 5. */
  readonly every?: number;
  /** alpha, the step of the slow weights toward the fast ones, in (0, 1]. Default 0.5. */
  readonly alpha?: number;
}

type LookaheadState = {
  /** Steps since the slow weights moved, i32 []. */
  readonly count: Tensor;
  /** phi */
  readonly slow: Tree;
};

/**
 * Lookahead (Zhang et al. 2019, arXiv 1907.08610, algorithm 1) around any optimizer. It makes k steps of the optimizer
 * with the fast weights theta, then
 *
 *     phi <- phi + alpha (theta - phi);   theta <- phi
 *
 * The states of the optimizer continue. A validation should use the weights after a multiple of k steps.
 */
export function lookahead(optimizer: GradientTransform, options: LookaheadOptions = {}): GradientTransform {
  checkOptions("lookahead", options, ["every", "alpha"], { k: "every", steps: "every", sync_period: "every" });
  checkMade(
    "lookahead",
    "the optimizer",
    optimizer,
    { init: "function", update: "function" },
    "adam({ learningRate: 1e-3 })",
  );
  const { every = 5, alpha = 0.5 } = options;
  if (!Number.isInteger(every) || every < 1)
    throw new TensorError(`lookahead: expected an integer every >= 1, got ${every}`);
  if (!(typeof alpha === "number" && alpha > 0 && alpha <= 1))
    throw new TensorError(`lookahead: expected alpha in (0, 1], got ${alpha}`);
  return { ...chain(optimizer, slowWeights(every, alpha)), name: "lookahead" };
}

function slowWeights(every: number, alpha: number): GradientTransform<LookaheadState> {
  return {
    name: "slowWeights",
    init: (params) => ({ count: scalar(0, "i32"), slow: mapTree(params, (w) => w) }),
    update(updates, { count, slow }, params) {
      const counted = add(count, 1);
      const complete = equal(counted, every);
      const theta = zipTrees(params, updates, sub);
      const phi = zipTrees(slow, theta, (old, fast) => select(complete, add(old, mul(sub(fast, old), alpha)), old));
      const toPhi = zipTrees(params, phi, sub);
      return {
        gradients: zipTrees(updates, toPhi, (u, move) => select(complete, move, u)),
        state: { count: select(complete, 0, counted), slow: phi },
      };
    },
  };
}
