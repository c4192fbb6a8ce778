import { abs, add, max, reduceMax, reshape, sizeOf, sqrt, square, sum, TensorError, tensorsOf, type Tensor, type Tree } from "@sluice/tensor";

/** 2: sqrt(sum g^2); 1: sum |g|; "max": max |g|. */
export type NormKind = 1 | 2 | "max";

/** The norm of all tensors of a tree together, a scalar. Tensors are added in the tree's order. */
export function treeNorm(tree: Tree, kind: NormKind = 2): Tensor {
  const [first, ...rest] = tensorsOf(tree).filter((x) => sizeOf(x.shape) > 0).map((x) => reshape(x, [sizeOf(x.shape)]));
  if (first === undefined) throw new TensorError("norm: the tree has no elements");
  const total = rest.reduce<Tensor>((before, x) => combine(before, part(x, kind), kind), part(first, kind));
  return kind === 2 ? sqrt(total) : total;
}

const part = (x: Tensor, kind: NormKind): Tensor => (kind === 2 ? sum(square(x)) : kind === 1 ? sum(abs(x)) : reduceMax(abs(x)));

const combine = (a: Tensor, b: Tensor, kind: NormKind): Tensor => (kind === "max" ? max(a, b) : add(a, b));
