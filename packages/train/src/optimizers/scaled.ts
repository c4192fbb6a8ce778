import { convert, isTensor, mapTree, mul, scalar, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import type { GradientTransform } from "@sluice/clip";

/** The state of {@link scaled}. */
export type ScaledState = {
  /** What updates are multiplied by, f32 []. */
  readonly scale: Tensor;
  /** That of the optimizer. */
  readonly optimizer: Tree;
};

/**
 * An optimizer whose updates are multiplied by a number that is part of its state, 1 at first. {@link withScale} sets
 * it between two steps, without compiling the step anew: this is how a learning rate follows what a validation says.
 */
export function scaled(optimizer: GradientTransform): GradientTransform<ScaledState> {
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

/** A training state whose optimizer, which must be {@link scaled}, multiplies its updates by `scale`. */
export function withScale<S extends { readonly optimizer: Tree }>(state: S, scale: number): S {
  const { optimizer } = state;
  if (isTensor(optimizer) || !("scale" in optimizer))
    throw new TensorError("withScale: the optimizer has no scale; train with optimizer: scaled(...)");
  if (!(scale >= 0 && scale < Infinity)) throw new TensorError(`withScale: expected a finite scale >= 0, got ${scale}`);
  return { ...state, optimizer: { ...optimizer, scale: scalar(scale) } };
}
