import { constrain, regularization, specsOf, weightSpecs, type Specs } from "@sluice/params";
import type { Tensor, Tree } from "@sluice/tensor";

/** What the specs of a model's parameters say about its training; the parts that none of them says are left out. */
export function declaredBy({ params = {} }: { readonly params?: Specs }): {
  readonly constrain?: (weights: Tree) => Tree;
  readonly regularization?: (weights: Tree) => Tensor;
} {
  const isConstrained = specsOf(params).some(({ spec }) => spec.constraint !== undefined);
  const isPenalized = specsOf(weightSpecs(params)).some(({ spec }) => spec.regularizer !== undefined);
  return {
    ...(isConstrained && { constrain: (weights: Tree) => constrain({ params }, weights) }),
    ...(isPenalized && { regularization: (weights: Tree) => regularization({ params }, weights) }),
  };
}
