import { abs, add, leavesOf, mul, scalar, square, sum, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkParameters } from "./check-parameters.ts";
import { specsOf, type Specs } from "./parameter.ts";

/** A penalty on one parameter: a scalar that is added to the loss. */
export type Regularizer = (weight: Tensor) => Tensor;

/** `factor sum |w|` */
export const l1 =
  (factor = 0.01): Regularizer =>
  (w) =>
    mul(sum(abs(w)), factor);

/** `factor sum w^2`; as Keras, without the half. */
export const l2 =
  (factor = 0.01): Regularizer =>
  (w) =>
    mul(sum(square(w)), factor);

/** Both, each where it is given: `l1l2({ l2: 0.1 })` is `l2(0.1)`. */
export function l1l2(factors: { readonly l1?: number; readonly l2?: number }): Regularizer {
  checkOptions("l1l2", factors, ["l1", "l2"]);
  const { l1: absolute, l2: squared } = factors;
  if (absolute === undefined && squared === undefined) throw new TensorError("l1l2: expected l1, l2 or both");
  if (absolute === undefined) return l2(squared);
  return squared === undefined ? l1(absolute) : (w) => add(l1(absolute)(w), l2(squared)(w));
}

/**
 * The sum of all penalties that the parameters of a layer or cell were given, to add to the loss; 0 where there are
 * none.
 */
export function regularization(of: { readonly params: Specs }, params: Tree): Tensor {
  checkParameters("regularization", of.params, params);
  const weights = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
  const penalties = specsOf(of.params).flatMap(({ path, spec }) => {
    const weight = weights.get(path);
    return spec.regularizer === undefined || weight === undefined ? [] : [spec.regularizer(weight)];
  });
  const dtype = [...weights.values()][0]?.dtype ?? "f32";
  return penalties.reduce<Tensor>((total, penalty) => add(total, penalty), scalar(0, dtype));
}
