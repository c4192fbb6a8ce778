import { add, keyAt, scalar, valueAndGradAux, type Tensor, type Tree } from "@sluice/tensor";
import { checkCarry } from "./carry.ts";
import { checkResult, reported, type Loss, type LossResult, type Reported } from "./loss.ts";
import type { TrainState } from "./train-step.ts";

/** How a training step gets its gradient: {@link batchGradient}, or `perExample(...)`. */
export interface GradientMethod {
  /** For errors. */
  readonly name: string;
  of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree>(
    loss: Loss<P, B, R, C>,
    regularization: ((params: P) => Tensor) | undefined,
  ): Differentiate<P, B, R, C>;
}

export type Differentiate<P extends Tree, B extends Tree, R extends LossResult, C extends Tree> = (
  state: TrainState<P, C>,
  batch: B,
) => BatchGradient<P, R, C>;

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
  /** Scalars: what the method saw of the single examples; `{}` where it looks at none. */
  readonly examples: Tree;
}

/** The gradient of the batch's loss, in one backward pass. */
export const batchGradient: GradientMethod = {
  name: "batchGradient",
  of<P extends Tree, B extends Tree, R extends LossResult, C extends Tree>(
    loss: Loss<P, B, R, C>,
    regularization: ((params: P) => Tensor) | undefined,
  ): Differentiate<P, B, R, C> {
    const differentiate = valueAndGradAux((params: P, batch: B, key: Tensor, step: Tensor, carry: C) => {
      const called = callLoss(loss, params, batch, { key, step, carry });
      const penalty = regularization?.(params) ?? scalar(0, called.result.loss.dtype);
      const value = regularization === undefined ? called.result.loss : add(called.result.loss, penalty);
      return { value, aux: { ...called, penalty } };
    });
    return (state, batch) => {
      const key = keyAt(state.key, state.step);
      const { value, gradient, aux } = differentiate(state.params, batch, key, state.step, state.carry);
      return { value, gradient, ...aux, examples: {} };
    };
  },
};

/** The loss's result, checked, and its carry apart from what is reported. */
export function callLoss<P extends Tree, B extends Tree, R extends LossResult, C extends Tree>(
  loss: Loss<P, B, R, C>,
  params: P,
  batch: B,
  context: { readonly key: Tensor; readonly step: Tensor; readonly carry: C },
): { readonly result: Reported<R>; readonly carry: C } {
  const returned = loss(params, batch, context);
  const result = reported(returned);
  checkResult(result);
  return { result, carry: checkCarry("trainStep: the loss", context.carry, returned.carry) };
}
