import { checkFunction, checkOptions } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";
import { clipGroups } from "./groups.ts";
import { treeNorm } from "./norm.ts";

/** Options of {@link perLayer}. */
export interface PerLayerOptions {
  /**
   * The name of the layer that the parameter at a path belongs to. Default: the path without its last key, so that
   * `encoder.W` and `encoder.b` are both in the layer `encoder`.
   */
  readonly layerOf?: (path: string) => string;
}

/**
 * `g_l <- g_l min(1, c / |g_l|)` for the gradients g_l of each layer l together (McMahan et al. 2018, arXiv 1710.06963,
 * per-layer clipping). The directions within a layer do not change.
 *
 * The paper bounds the norm over all m layers by S, with `c = S / sqrt(m)` for each. With `perExample` of
 * `@sluice/train`, it clips the gradient of each example in this way.
 *
 * If the norm of a layer is NaN, all its gradients become NaN; use {@link skipNonFinite} to skip such a step. Reports
 * `{ norm, limit, clipped }`: the largest norm, c, and the fraction of layers that were clipped.
 */
export function perLayer(limit: number, options: PerLayerOptions = {}): GradientTransform<NoState, ClipReport> {
  checkPositive("perLayer", "limit", limit);
  checkOptions("perLayer", options, ["layerOf"], { groupOf: "layerOf", of: "layerOf" });
  const { layerOf = withoutLastKey } = options;
  checkFunction("perLayer", "layerOf", layerOf);
  return {
    name: "perLayer",
    init: () => ({}),
    update: (gradients, state) => ({
      ...clipGroups(gradients, { limit, groupOf: layerOf, measure: (group) => treeNorm(group) }),
      state,
    }),
  };
}

const withoutLastKey = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("."), 0));
