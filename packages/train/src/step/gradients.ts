import { add, keyAt, scalar, valueAndGradAux, type Tensor, type Tree } from "@sluice/tensor";
import { checkCarry } from "./carry.ts";
import { checkResult, reported, type Loss, type LossResult, type Reported } from "./loss.ts";
import type { TrainState } from "./train-step.ts";

/** The gradient of a batch, and what came up on the way. */
export interface BatchGradient<P extends Tree, R extends LossResult, C extends Tree> {
  /** Of the loss with its penalty. */
  readonly gradient: P;
  /** Scalars: the loss with its penalty, and the penalty alone. */
  readonly value: Tensor;
  readonly penalty: Tensor;
  /** What the loss returned, without its carry. */
  readonly result: Reported<R>;
  readonly carry: C;
}

/** How a training step gets its gradient. */
export type Differentiate<P extends Tree, B extends Tree, R extends LossResult, C extends Tree> = (
  state: TrainState<P, C>,
  batch: B,
) => BatchGradient<P, R, C>;

/** The gradient of the batch's loss, in one backward pass. */
export function batchGradient<P extends Tree, B extends Tree, R extends LossResult, C extends Tree>(
  loss: Loss<P, B, R, C>,
  regularization: ((params: P) => Tensor) | undefined,
): Differentiate<P, B, R, C> {
  const differentiate = valueAndGradAux((params: P, batch: B, key: Tensor, step: Tensor, carry: C) => {
    const returned = loss(params, batch, { key, step, carry });
    const result = reported(returned);
    checkResult(result);
    const penalty = regularization?.(params) ?? scalar(0, result.loss.dtype);
    const value = regularization === undefined ? result.loss : add(result.loss, penalty);
    return { value, aux: { result, penalty, carry: checkCarry("trainStep: the loss", carry, returned.carry) } };
  });
  return (state, batch) => {
    const key = keyAt(state.key, state.step);
    const { value, gradient, aux } = differentiate(state.params, batch, key, state.step, state.carry);
    return { value, gradient, ...aux };
  };
}
