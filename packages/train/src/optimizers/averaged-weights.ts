import { isTensor, TensorError, zipTrees, type Tensor, type Tree } from "@sluice/tensor";

/** The state of {@link ema} and {@link swa}. */
export type AverageState = {
  /** The number of weights in the average, i32 []. */
  readonly averaged: Tensor;
  /** The average, with the paths and shapes of the parameters. Before the first step, the initial parameters. */
  readonly average: Tree;
};

/**
 * The averaged weights of a training state whose optimizer contains `ema` or `swa`; if it contains several, those of
 * the first. They have the type of the parameters, for an `evaluator` or a model's `apply`.
 */
export function averagedWeights<P extends Tree>(state: { readonly params: P; readonly optimizer: Tree }): P {
  const average = averageIn(state.optimizer);
  if (average === undefined)
    throw new TensorError(
      "averagedWeights: the optimizer keeps no average; train with optimizer: chain(..., ema()) or chain(..., swa())",
    );
  return zipTrees(state.params, average, (_, mean) => mean);
}

function averageIn(state: Tree): Tree | undefined {
  if (isTensor(state)) return undefined;
  if ("average" in state && "averaged" in state) return state.average;
  return Object.values(state)
    .map(averageIn)
    .find((found) => found !== undefined);
}
