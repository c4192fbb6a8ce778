import { mapTree, max, min } from "@sluice/tensor";
import { checkPositive } from "./check.ts";
import { reportOfElements } from "./elements.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";

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
    update: (gradients, state) => ({
      gradients: mapTree(gradients, (g) => max(min(g, limit), -limit)),
      state,
      report: reportOfElements(gradients, limit),
    }),
  };
}
