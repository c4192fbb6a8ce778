import { add, keyAt, scalar, valueAndGradAux, type Tensor, type Tree } from "@sluice/tensor";
import { checkReturnedBuffers } from "./buffers.ts";
import { checkCarry } from "./carry.ts";
import { checkResult, reported, type Loss, type LossResult, type Reported } from "./loss.ts";
import type { TrainState } from "./train-step.ts";

/** How a training step gets its gradient: `batchGradient`, or `perExample(...)`. */
export interface GradientMethod {
  /** The name in error messages. */
  readonly name: string;
  /** Makes the function that computes loss and gradient of a batch. */
  of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
    loss: Loss<P, B, R, C, F>,
    regularization: ((params: P) => Tensor) | undefined,
  ): Differentiate<P, B, R, C, F>;
}

/** Computes loss and gradient of a batch. */
export type Differentiate<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree> = (
  state: TrainState<P, C, F>,
  batch: B,
) => BatchGradient<P, R, C, F>;

/** The gradient of a batch, with loss, penalty and reports. */
export interface BatchGradient<P extends Tree, R extends LossResult, C extends Tree, F extends Tree> {
  /** The gradient of the loss including its penalty. */
  readonly gradient: P;
  /** Scalars: the loss including its penalty, and the penalty alone. */
  readonly value: Tensor;
  readonly penalty: Tensor;
  /** The result of the loss without carry and buffers. */
  readonly result: Reported<R>;
  readonly carry: C;
  readonly buffers: F;
  /** Scalars: statistics over the single examples; `{}` if the method has none. */
  readonly examples: Tree;
}

/** The gradient of the batch's loss, in one backward pass. */
export const batchGradient: GradientMethod = {
  name: "batchGradient",
  of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
    loss: Loss<P, B, R, C, F>,
    regularization: ((params: P) => Tensor) | undefined,
  ): Differentiate<P, B, R, C, F> {
    const differentiate = valueAndGradAux((params: P, batch: B, context: Context<C, F>) => {
      const called = callLoss(loss, params, batch, context);
      const penalty = regularization?.(params) ?? scalar(0, called.result.loss.dtype);
      const value = regularization === undefined ? called.result.loss : add(called.result.loss, penalty);
      return { value, aux: { ...called, penalty } };
    });
    return ({ params, key, step, carry, buffers }, batch) => {
      const context = { key: keyAt(key, step), step, carry, buffers };
      const { value, gradient, aux } = differentiate(params, batch, context);
      return { value, gradient, ...aux, examples: {} };
    };
  },
};

/** {@link LossContext} as a type alias, so that it is itself a Tree. */
type Context<C extends Tree, F extends Tree> = {
  readonly key: Tensor;
  readonly step: Tensor;
  readonly carry: C;
  readonly buffers: F;
};

/** The loss's checked result, split into carry, buffers and what is reported. */
export function callLoss<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
  loss: Loss<P, B, R, C, F>,
  params: P,
  batch: B,
  context: Context<C, F>,
): { readonly result: Reported<R>; readonly carry: C; readonly buffers: F } {
  const returned = loss(params, batch, context);
  const result = reported(returned);
  checkResult(result);
  return {
    result,
    carry: checkCarry("trainStep: the loss", context.carry, returned.carry),
    buffers: checkReturnedBuffers("trainStep: the loss", context.buffers, returned.buffers),
  };
}
