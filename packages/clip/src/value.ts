import { abs, add, convert, div, less, mapTree, max, min, scalar, sum, tensorsOf, type Tensor } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

/**
 * `g <- min(max(g, -c), c)`, element by element (Mikolov 2012; PyTorch's `clip_grad_value_`). This may change the
 * gradient's direction. NaN stays NaN.
 *
 * Reports `{ norm, limit, clipped }`: the largest |g|, and the fraction of elements beyond the limit.
 */
export function value(limit: number): GradientTransform<NoState, ClipReport> {
  checkPositive("value", "limit", limit);
  return {
    name: "value",
    init: () => ({}),
    update(gradients, state) {
      const norm = treeNorm(gradients, "max");
      const tensors = tensorsOf(gradients);
      const beyond = tensors
        .map((g) => sum(convert(less(limit, abs(g)), norm.dtype)))
        .reduce<Tensor>((a, b) => add(a, b), scalar(0, norm.dtype));
      const elements = tensors.reduce((count, g) => count + sizeOf(g.shape), 0);
      return {
        gradients: mapTree(gradients, (g) => max(min(g, limit), -limit)),
        state,
        report: { norm, limit: scalar(limit, norm.dtype), clipped: div(beyond, Math.max(elements, 1)) },
      };
    },
  };
}
