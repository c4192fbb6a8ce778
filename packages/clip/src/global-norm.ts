import { add, convert, div, less, mapTree, min, mul, scalar, TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkPositive } from "./check.ts";
import type { ClipReport, GradientTransform, NoState } from "./gradient-transform.ts";
import { treeNorm, type NormKind } from "./norm.ts";

/** Options of {@link globalNorm}. */
export interface GlobalNormOptions {
  /**
   * Added to the norm in the denominator. Default 0: a clipped gradient then has exactly the norm c. PyTorch uses 1e-6.
   */
  readonly epsilon?: number;
  /** Which norm. Default 2. */
  readonly norm?: NormKind;
}

/**
 * `g <- g min(1, c / (|g| + epsilon))` with the norm over all gradients together, so that their direction does not
 * change (Pascanu et al. 2013, arXiv 1211.5063).
 *
 * `globalNorm(c)` is exact, as in optax; `globalNorm(c, { epsilon: 1e-6 })` is PyTorch's `clip_grad_norm_`. If the norm
 * is NaN, every gradient becomes NaN; use {@link skipNonFinite} to skip such a step. Reports `{ norm, limit, clipped
 * }`; `clipped` is 1 if the norm was above the limit.
 */
export function globalNorm(limit: number, options: GlobalNormOptions = {}): GradientTransform<NoState, ClipReport> {
  checkOptions("globalNorm", options, ["epsilon", "norm"], { eps: "epsilon", normType: "norm", norm_type: "norm" });
  checkPositive("globalNorm", "limit", limit);
  const { epsilon = 0, norm: kind = 2 } = options;
  if (!(typeof epsilon === "number" && epsilon >= 0 && epsilon < Infinity))
    throw new TensorError(`globalNorm: expected a finite epsilon >= 0, got ${shown(epsilon)}`);
  if (kind !== 1 && kind !== 2 && kind !== "max")
    throw new TensorError(`globalNorm: expected a norm of 1, 2 or "max", got ${shown(kind)}`);
  return {
    name: "globalNorm",
    init: () => ({}),
    update(gradients, state) {
      const norm = treeNorm(gradients, kind);
      const factor = min(div(limit, epsilon === 0 ? norm : add(norm, epsilon)), 1);
      return {
        gradients: mapTree(gradients, (g) => mul(g, factor)),
        state,
        report: { norm, limit: scalar(limit, norm.dtype), clipped: convert(less(limit, norm), norm.dtype) },
      };
    },
  };
}
