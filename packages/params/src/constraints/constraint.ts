import { mapTree, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { sameShape, showShape } from "@sluice/tensor/internal";
import { checkParameters } from "../check-parameters.ts";
import type { Specs } from "../parameter.ts";
import { specsOf } from "../specs.ts";

/**
 * A projection of one parameter onto its allowed values, applied after each update: any function from a weight to a
 * weight of the same shape and dtype. Projecting twice gives the same as projecting once.
 */
export type Constraint = (weight: Tensor) => Tensor;

/**
 * The parameters of a layer or cell, each projected by its constraint; parameters without a constraint are unchanged.
 * `fit` does so by itself. A bare training step knows no model: `trainer({ constrain: (params) => constrain(model,
 * params), ... })`.
 */
export function constrain<P extends Tree>(of: { readonly params: Specs }, params: P): P {
  checkParameters("constrain", of.params, params);
  const constraints = new Map(specsOf(of.params).map(({ path, spec }) => [path, spec.constraint]));
  return mapTree(params, (w, path) => {
    const constraint = constraints.get(path);
    if (constraint === undefined) return w;
    const projected = constraint(w);
    if (projected.dtype === w.dtype && sameShape(projected.shape, w.shape)) return projected;
    throw new TensorError(
      `constrain: the constraint of ${path} must return ${w.dtype} ${showShape(w.shape)}, got ${projected.dtype} ${showShape(projected.shape)}`,
    );
  });
}
