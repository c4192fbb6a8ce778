import { div } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";
import { clipGroups } from "./groups.ts";
import { treeNorm } from "./norm.ts";

/**
 * `g <- g / max(1, RMS(g) / d)` with `RMS(g) = sqrt(mean(g^2))`, for each parameter tensor by itself (Shazeer and Stern
 * 2018, arXiv 1804.04235: the update clipping of Adafactor, with d = 1; optax's `clip_by_block_rms`).
 * Unlike a norm, the root mean square does not grow with the size of the tensor.
 *
 * Adafactor clips its updates, not its gradients: put it after the optimizer's scaling, before the learning rate.
 *
 * If an element is NaN, its whole tensor becomes NaN. Reports `{ norm, limit, clipped }`: the largest root mean square,
 * d, and the fraction of parameter tensors that were clipped.
 */
export function blockRms(limit = 1): GradientTransform<NoState, ClipReport> {
  checkPositive("blockRms", "limit", limit);
  return {
    name: "blockRms",
    init: () => ({}),
    update: (gradients, state) => ({
      ...clipGroups(gradients, {
        limit,
        groupOf: (path) => path,
        measure: (group) => {
          const count = group.reduce((elements, g) => elements + sizeOf(g.shape), 0);
          return div(treeNorm(group), Math.sqrt(count));
        },
      }),
      state,
    }),
  };
}
