import { leavesOf, mapTree, mean, sub, zipTrees, type Tensor } from "@sluice/tensor";
import { checkFunction, checkOptions, sizeOf } from "@sluice/tensor/internal";
import type { GradientTransform, NoState } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

/** Options of {@link gradientCentralization}. */
export interface GradientCentralizationOptions {
  /** Which parameters' gradients are centralized, of those with at least two axes. Default all. */
  readonly of?: (path: string, parameter: Tensor) => boolean;
}

/**
 * Gradient centralization (Yong et al. 2020, arXiv 2004.01461, eq. 1), for each unit i:
 *
 *     g_i <- g_i - mean(g_i)
 *
 * The gradient of a unit's weights then adds up to 0, so the sum of its weights stays as it is. A unit i is an index of
 * the **last** axis, because weights are `[input, units]` here; the mean runs over all other axes. Tensors with one
 * axis or none (bias, gain) do not change, as in the authors' code. NaN stays NaN.
 *
 * Reports `{ norm, removed }`: the norm of all gradients before, and of what was subtracted.
 */
export function gradientCentralization(
  options: GradientCentralizationOptions = {},
): GradientTransform<NoState, { readonly norm: Tensor; readonly removed: Tensor }> {
  checkOptions("gradientCentralization", options, ["of"], { exclude: "of" });
  const { of = () => true } = options;
  checkFunction("gradientCentralization", "of", of);
  return {
    name: "gradientCentralization",
    init: () => ({}),
    update(gradients, state, params) {
      const weights = new Map(leavesOf(params).map(({ path, tensor }) => [path, tensor]));
      const centralized = mapTree(gradients, (g, path) => {
        const w = weights.get(path);
        if (w === undefined || g.shape.length < 2 || sizeOf(g.shape) === 0 || !of(path, w)) return g;
        return sub(
          g,
          mean(
            g,
            g.shape.slice(0, -1).map((_, axis) => axis),
            { keep: true },
          ),
        );
      });
      const report = { norm: treeNorm(gradients), removed: treeNorm(zipTrees(gradients, centralized, sub)) };
      return { gradients: centralized, state, report };
    },
  };
}
