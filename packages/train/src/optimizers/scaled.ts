import { convert, isTensor, mapTree, mul, scalar, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade, shown } from "@sluice/tensor/internal";
import type { GradientTransform } from "@sluice/clip";

/** The state of {@link scaled}. */
export type ScaledState = {
  /** The factor of updates, f32 []. */
  readonly scale: Tensor;
  /** The state of the optimizer. */
  readonly optimizer: Tree;
};

/**
 * An optimizer whose updates are multiplied by a factor in its state, initially 1. {@link withScale} sets the factor
 * between steps without recompiling the step, for example to reduce the learning rate when the validation loss stops
 * improving.
 */
export function scaled(optimizer: GradientTransform): GradientTransform<ScaledState> {
  checkMade(
    "scaled",
    "the optimizer",
    optimizer,
    { init: "function", update: "function" },
    "adam({ learningRate: 1e-3 })",
  );
  return {
    name: "scaled",
    init: (params) => ({ scale: scalar(1), optimizer: optimizer.init(params) }),
    update(gradients, { scale, optimizer: before }, params, context) {
      const { state, gradients: updates, ...rest } = optimizer.update(gradients, before, params, context);
      return {
        gradients: mapTree(updates, (g) => mul(g, convert(scale, g.dtype))),
        state: { scale, optimizer: state },
        ...rest,
      };
    },
  };
}

/** A copy of a training state with the factor `scale`. The optimizer must be {@link scaled}. */
export function withScale<S extends { readonly optimizer: Tree }>(state: S, scale: number): S {
  const { optimizer } = state;
  if (isTensor(optimizer) || !("scale" in optimizer))
    throw new TensorError("withScale: the optimizer has no scale; train with optimizer: scaled(...)");
  if (!(typeof scale === "number" && scale >= 0 && scale < Infinity))
    throw new TensorError(`withScale: expected a finite scale >= 0, got ${shown(scale)}`);
  return { ...state, optimizer: { ...optimizer, scale: scalar(scale) } };
}
