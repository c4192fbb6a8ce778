import {
  abs,
  add,
  isTensor,
  leavesOf,
  mul,
  scalar,
  square,
  sum,
  TensorError,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkParameters } from "./check-parameters.ts";
import type { Specs } from "./parameter.ts";
import { weightInEvaluation } from "./reparametrizations/weights.ts";
import { isSpec, zipSpecs } from "./specs.ts";

/** A penalty on one parameter: a scalar that is added to the loss. */
export type Regularizer = (weight: Tensor) => Tensor;

/** `factor sum |w|` */
export const l1 =
  (factor = 0.01): Regularizer =>
  (w) =>
    mul(sum(abs(w)), factor);

/** `factor sum w^2`, as in Keras, without the factor 1/2. */
export const l2 =
  (factor = 0.01): Regularizer =>
  (w) =>
    mul(sum(square(w)), factor);

/** The sum of both penalties; a factor that is left out is 0: `l1l2({ l2: 0.1 })` is `l2(0.1)`. */
export function l1l2(factors: { readonly l1?: number; readonly l2?: number }): Regularizer {
  checkOptions("l1l2", factors, ["l1", "l2"]);
  const { l1: absolute, l2: squared } = factors;
  if (absolute === undefined && squared === undefined) throw new TensorError("l1l2: expected l1, l2 or both");
  if (absolute === undefined) return l2(squared);
  return squared === undefined ? l1(absolute) : (w) => add(l1(absolute)(w), l2(squared)(w));
}

/**
 * The sum of the penalties of all weights of a layer or cell, to add to the loss; 0 if there are none. For a
 * reparametrized weight, the penalty is of the weight in evaluation.
 */
export function regularization(of: { readonly params: Specs }, params: Tree): Tensor {
  checkParameters("regularization", of.params, params);
  const dtype = leavesOf(params)[0]?.tensor.dtype ?? "f32";
  const penalties: Tensor[] = [];
  zipSpecs("regularization", of.params, params, (spec, own, path) => {
    const { regularizer } = isSpec(spec) ? spec : spec.weight;
    if (regularizer === undefined) return own;
    const weight = isSpec(spec) ? own : weightInEvaluation(spec, own, path);
    if (isTensor(weight)) penalties.push(regularizer(weight));
    return own;
  });
  return penalties.reduce<Tensor>((total, penalty) => add(total, penalty), scalar(0, dtype));
}
