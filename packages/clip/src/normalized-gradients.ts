import { add, div, mapTree, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { GradientTransform, NoState } from "./gradient-transform.ts";
import { treeNorm } from "./norm.ts";

/** Options of {@link normalizedGradients}. */
export interface NormalizedGradientsOptions {
  /**
   * Which gradients a norm runs over. `all`: all together, so that their direction does not change. `parameter`: those
   * of each parameter tensor by itself. Default `all`.
   */
  readonly over?: "all" | "parameter";
  /** Added to the norm, so that a gradient of zeros stays 0. Default 1e-6, as in optax. */
  readonly epsilon?: number;
}

/**
 * `g <- g / (|g| + epsilon)`: every step has the norm 1, however small the gradient is (Hazan et al. 2015, arXiv
 * 1507.02030, algorithm 1; optax's `normalize_by_update_norm`). With `over: "parameter"`, the step of each parameter
 * tensor has the norm 1 (Yu et al. 2017, arXiv 1707.04822, block-normalized gradients).
 *
 * If a norm is NaN, all of its gradients become NaN; use {@link skipNonFinite} to skip such a step. Reports `{ norm }`:
 * the norm of all gradients together, before.
 */
export function normalizedGradients(
  options: NormalizedGradientsOptions = {},
): GradientTransform<NoState, { readonly norm: Tensor }> {
  checkOptions("normalizedGradients", options, ["over", "epsilon"], { eps: "epsilon" });
  const { over = "all", epsilon = 1e-6 } = options;
  checkPositive("normalizedGradients", "epsilon", epsilon);
  if (over !== "all" && over !== "parameter")
    throw new TensorError(`normalizedGradients: expected over as "all" or "parameter", got ${String(over)}`);
  return {
    name: "normalizedGradients",
    init: () => ({}),
    update(gradients, state) {
      const norm = treeNorm(gradients);
      const ofAll = add(norm, epsilon);
      return {
        gradients: mapTree(gradients, (g) => div(g, over === "all" ? ofAll : add(treeNorm([g]), epsilon))),
        state,
        report: { norm },
      };
    },
  };
}
