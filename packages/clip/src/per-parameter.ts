import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";
import { clipGroups } from "./groups.ts";
import { treeNorm } from "./norm.ts";

/**
 * `g <- g min(1, c / |g|)` for the gradient g of each parameter tensor by itself: the option `clipnorm` of Keras's
 * optimizers, TensorFlow's `clip_by_norm`. The direction of all gradients together may change.
 *
 * If the norm of a gradient is NaN, this whole gradient becomes NaN; use {@link skipNonFinite} to skip such a step.
 * Reports `{ norm, limit, clipped }`: the largest norm, c, and the fraction of parameter tensors that were clipped.
 */
export function perParameter(limit: number): GradientTransform<NoState, ClipReport> {
  checkPositive("perParameter", "limit", limit);
  return {
    name: "perParameter",
    init: () => ({}),
    update: (gradients, state) => ({
      ...clipGroups(gradients, { limit, groupOf: (path) => path, measure: (group) => treeNorm(group) }),
      state,
    }),
  };
}
