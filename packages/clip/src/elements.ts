import { abs, add, convert, div, less, scalar, sum, tensorsOf, type Tensor, type Tree } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import type { ClipReport } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

/** The largest |g| of all elements, the limit, and the fraction of elements beyond it. */
export function reportOfElements(gradients: Tree, limit: number): ClipReport {
  const norm = treeNorm(gradients, "max");
  const tensors = tensorsOf(gradients);
  const beyond = tensors
    .map((g) => sum(convert(less(limit, abs(g)), norm.dtype)))
    .reduce<Tensor>((a, b) => add(a, b), scalar(0, norm.dtype));
  const elements = tensors.reduce((count, g) => count + sizeOf(g.shape), 0);
  return { norm, limit: scalar(limit, norm.dtype), clipped: div(beyond, Math.max(elements, 1)) };
}
