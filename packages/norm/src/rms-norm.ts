import { add, div, full, mean, mul, sqrt, square } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions extends PlacementOptions {
  /** Added to the mean square, inside the root. Default 1e-5. */
  readonly epsilon?: number;
  /** One learned factor per feature, initially 1. Default true. */
  readonly gain?: boolean;
}

/**
 * Root mean square normalization over the features (Zhang, Sennrich 2019, arXiv:1910.07467):
 *
 *     y = gain x / sqrt(mean(x^2) + epsilon)
 *
 * `x` is `[batch, ..., features]`. Takes the placements of {@link layerNorm}. Throws a TensorError if an option is
 * unknown or `epsilon` is not positive.
 *
 * Where the squares of a row add up to infinity, as they do from one |x| of 1.8e19 on in f32, the row's result is 0,
 * without an error. PyTorch does the same.
 */
export function rmsNorm(options: RmsNormOptions = {}): RowNormalizer {
  check("rmsNorm", options, ["epsilon", "gain"]);
  const { epsilon = 1e-5, gain = true } = options;
  return {
    name: "rmsNorm",
    placement: placementOf(options),
    params: (shape) => (gain ? { gain: { shape, initializer: (_, s) => full(s, 1, "f64") } } : {}),
    apply(params, x) {
      checkParams("rmsNorm", gain ? ["gain"] : [], params, x);
      const y = div(x, sqrt(add(mean(square(x), -1, { keep: true }), epsilon)));
      return params["gain"] === undefined ? y : mul(y, params["gain"]);
    },
  };
}
