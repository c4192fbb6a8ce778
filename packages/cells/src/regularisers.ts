import { abs, add, leavesOf, mul, scalar, square, sum, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { specsOf, type Specs } from "./parameter.ts";

/** A penalty on one parameter: a scalar that is added to the loss. */
export type Regulariser = (weight: Tensor) => Tensor;

/** `factor sum |w|` */
export const l1 = (factor = 0.01): Regulariser => (w) => mul(sum(abs(w)), factor);

/** `factor sum w^2`; as Keras, without the half. */
export const l2 = (factor = 0.01): Regulariser => (w) => mul(sum(square(w)), factor);

export function l1l2(factors: { readonly l1?: number; readonly l2?: number } = {}): Regulariser {
  return (w) => add(l1(factors.l1)(w), l2(factors.l2)(w));
}

/** The sum of all penalties that the parameters of a layer or cell were given, to add to the loss; 0 where there are none. */
export function regularisation(of: { readonly params: Specs }, params: Tree): Tensor {
  const weights = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
  const penalties = specsOf(of.params).flatMap(({ path, spec }) => {
    const weight = weights.get(path);
    if (weight === undefined) throw new TensorError(`regularisation: no parameter ${path}; there are ${[...weights.keys()].join(", ")}`);
    return spec.regulariser === undefined ? [] : [spec.regulariser(weight)];
  });
  const dtype = [...weights.values()][0]?.dtype ?? "f32";
  return penalties.reduce<Tensor>((total, penalty) => add(total, penalty), scalar(0, dtype));
}
