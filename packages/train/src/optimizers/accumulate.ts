import {
  abs,
  add,
  and,
  convert,
  div,
  equal,
  leavesOf,
  less,
  mapTree,
  mul,
  scalar,
  select,
  TensorError,
  zerosLike,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkMade, shown } from "@sluice/tensor/internal";
import type { GradientTransform } from "@sluice/clip";

/** The state of {@link accumulate}. */
export type AccumulateState = {
  /** Number of batches since the last update, i32 []. */
  readonly batches: Tensor;
  /** Number of updates so far, i32 []: the optimizer's steps. */
  readonly updates: Tensor;
  /** Sums since the last update: of the batches' weights, of weighted losses, and of weighted gradients. */
  readonly weight: Tensor;
  readonly loss: Tensor;
  readonly gradients: Tree;
  /** The state of the optimizer. */
  readonly optimizer: Tree;
};

/**
 * Gradient accumulation: one update from the gradients of several batches, as if they were one batch, for batches that
 * do not fit into memory. The gradient is the mean over n batches, weighted by the weights w that the loss returns,
 *
 *     g = (w_1 g_1 + ... + w_n g_n) / (w_1 + ... + w_n),
 *
 * so it equals the gradient of one batch of all their examples, up to rounding. Between updates the parameters do not
 * change.
 *
 * `optimizer` gets the mean gradient. To clip the mean gradient, pass a chain of a clipper and an optimizer. Schedules
 * in it count updates, not batches. A batch of weight 0, or one that an earlier transform skips, is not counted. At
 * every batch, reports describe the mean so far.
 */
export function accumulate(batches: number, optimizer: GradientTransform): GradientTransform<AccumulateState> {
  if (!Number.isInteger(batches) || batches < 1)
    throw new TensorError(`accumulate: expected an integer number of batches >= 1, got ${shown(batches)}`);
  checkMade(
    "accumulate",
    "the optimizer",
    optimizer,
    { init: "function", update: "function" },
    "adam({ learningRate: 1e-3 })",
  );
  return {
    name: "accumulate",
    init(params) {
      const dtype = leavesOf(params)[0]?.tensor.dtype ?? "f32";
      return {
        batches: scalar(0, "i32"),
        updates: scalar(0, "i32"),
        weight: scalar(0, dtype),
        loss: scalar(0, dtype),
        gradients: mapTree(params, zerosLike),
        optimizer: optimizer.init(params),
      };
    },
    update(gradients, state, params, context) {
      const { dtype } = state.weight;
      const own = context.weight === undefined ? scalar(1, dtype) : convert(context.weight, dtype);
      const weight = add(state.weight, own);
      const loss = add(state.loss, mul(convert(context.loss, dtype), own));
      const sums = zipTrees(gradients, state.gradients, (g, sum) => add(sum, mul(g, convert(own, g.dtype))));
      const divisor = select(equal(weight, 0), scalar(1, dtype), weight);
      const means = mapTree(sums, (sum) => div(sum, convert(divisor, sum.dtype)));
      const counted = add(state.batches, 1);
      const complete = equal(counted, batches);
      const result = optimizer.update(means, state.optimizer, params, {
        key: context.key,
        step: state.updates,
        loss: div(loss, divisor),
        weight,
      });
      const whenComplete = (fresh: Tensor, old: Tensor): Tensor => select(complete, fresh, old);
      const cleared = (sum: Tensor): Tensor => select(complete, 0, sum);
      return {
        gradients: zipTrees(gradients, result.gradients, (g, mean) => whenComplete(mean, nothing(g))),
        state: {
          batches: select(complete, 0, counted),
          updates: add(state.updates, convert(complete, "i32")),
          weight: cleared(weight),
          loss: cleared(loss),
          gradients: mapTree(sums, cleared),
          optimizer: zipTrees(result.state, state.optimizer, whenComplete),
        },
        ...(result.report === undefined ? {} : { report: result.report }),
        ...(result.skip === undefined ? {} : { skip: and(complete, result.skip) }),
      };
    },
  };
}

/** An update of zeros, but NaN if the gradient is not finite, so that the step still counts as diverged. */
const nothing = (g: Tensor): Tensor => select(less(abs(g), Infinity), scalar(0, g.dtype), NaN);
