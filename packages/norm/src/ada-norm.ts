import { mul, stopGradient, sub, TensorError } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";
import { standardized } from "./standardized.ts";

/** Options of {@link adaNorm}. */
export interface AdaNormOptions extends PlacementOptions {
  /** C, the factor of the result. Default 1; the paper tunes it. */
  readonly scale?: number;
  /** k, how much a large y is reduced. Default 0.1, as in the paper. */
  readonly k?: number;
  /** Added to the variance, inside the root. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Adaptive normalization over the features (Xu, Sun, Zhang, Zhao, Lin 2019, arXiv:1911.07013), without parameters:
 *
 *     y = (x - mean) / sqrt(variance + epsilon)
 *     z = phi(y) y,    phi(y) = C (1 - k y)
 *
 * `x` is `[batch, ..., features]`. Mean and biased variance are taken over the last axis. As published, phi(y) counts
 * as a constant in the gradient, so the gradient is not that of z.
 *
 * Takes the placements and has the overflow of {@link layerNorm}. Throws a TensorError if an option is unknown,
 * `epsilon` is not positive, or `scale` or `k` is not finite.
 */
export function adaNorm(options: AdaNormOptions = {}): RowNormalizer {
  check("adaNorm", options, ["scale", "k", "epsilon"]);
  const { scale: C = 1, k = 0.1, epsilon = 1e-5 } = options;
  for (const [name, value] of Object.entries({ scale: C, k }))
    if (!Number.isFinite(value)) throw new TensorError(`adaNorm: expected ${name} as a finite number, got ${value}`);
  return {
    name: "adaNorm",
    placement: placementOf(options),
    params: () => ({}),
    apply(params, x) {
      checkParams("adaNorm", [], params, x);
      const y = standardized(x, epsilon);
      const phi = mul(sub(1, mul(y, k)), C);
      return mul(stopGradient(phi), y);
    },
  };
}
