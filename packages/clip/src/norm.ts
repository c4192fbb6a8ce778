import {
  abs,
  add,
  max,
  mul,
  reduceMax,
  reshape,
  scalar,
  square,
  sum,
  tensorsOf,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { root, scaleOfSquares, sizeOf } from "@sluice/tensor/internal";

/** The dtype of the norm of a tree, for states that keep norms. */
export const dtypeOf = (tree: Tree): DType => tensorsOf(tree)[0]?.dtype ?? "f32";

/** Which norm. 2: sqrt(sum g^2); 1: sum |g|; "max": max |g|. */
export type NormKind = 1 | 2 | "max";

/**
 * The norm of all tensors of a tree together, a scalar. Tensors are added in the tree's order. Squares are scaled if
 * they would leave the dtype's range, so the norm is infinite or 0 only if it does not fit the dtype itself. The norm
 * of a tree without elements is 0.
 */
export function treeNorm(tree: Tree, kind: NormKind = 2): Tensor {
  const tensors = tensorsOf(tree)
    .filter((x) => sizeOf(x.shape) > 0)
    .map((x) => reshape(x, [sizeOf(x.shape)]));
  if (tensors.length === 0) return scalar(0);
  if (kind === 1) return tensors.map((x) => sum(abs(x))).reduce((a, b) => add(a, b));
  const largest = tensors.map((x) => reduceMax(abs(x))).reduce((a, b) => max(a, b));
  if (kind === "max") return largest;
  const { scale, inverse } = scaleOfSquares(largest);
  return mul(root(tensors.map((x) => sum(square(mul(x, scale)))).reduce((a, b) => add(a, b))), inverse);
}
