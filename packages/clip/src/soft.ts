import { div, mapTree, mul, tanh } from "@sluice/tensor";
import { checkPositive } from "./check.ts";
import { reportOfElements } from "./elements.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";

/**
 * `g <- c tanh(g / c)`, element by element: a smooth {@link value}. Small elements hardly change, and none leaves [-c,
 * c]. This may change the gradient's direction. Gemma 2 caps its logits in this way (Gemma Team 2024, arXiv
 * 2408.00118). NaN stays NaN.
 *
 * Reports `{ norm, limit, clipped }`: the largest |g|, c, and the fraction of elements beyond c.
 */
export function soft(limit: number): GradientTransform<NoState, ClipReport> {
  checkPositive("soft", "limit", limit);
  return {
    name: "soft",
    init: () => ({}),
    update: (gradients, state) => ({
      gradients: mapTree(gradients, (g) => mul(tanh(div(g, limit)), limit)),
      state,
      report: reportOfElements(gradients, limit),
    }),
  };
}
