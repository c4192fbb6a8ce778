import { div, full, max, mul, sqrt, square, sum } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";

/** Options of {@link scaleNorm}. */
export interface ScaleNormOptions extends PlacementOptions {
  /** Lower bound of the norm of a row. Default 1e-5, as in the authors' code. */
  readonly epsilon?: number;
  /** The scalar g is learned. Default true; otherwise it stays sqrt(d). */
  readonly gain?: boolean;
}

/**
 * ScaleNorm over the features (Nguyen, Salazar 2019, arXiv:1910.05895):
 *
 *     y = g x / max(|x|, epsilon)
 *
 * `x` is `[batch, ..., d]`, and |x| is its Euclidean norm over the last axis. The learned scalar g is initially
 * sqrt(d); there is one for each tensor that is normalized. With g = sqrt(d), it is {@link rmsNorm} without gain,
 * except for epsilon.
 *
 * Takes the placements of {@link layerNorm}. Throws a TensorError if an option is unknown or `epsilon` is not positive.
 *
 * Where the squares of a row add up to infinity, as they do from one |x| of 1.8e19 on in f32, the row's result is 0,
 * without an error.
 */
export function scaleNorm(options: ScaleNormOptions = {}): RowNormalizer {
  check("scaleNorm", options, ["epsilon", "gain"]);
  const { epsilon = 1e-5, gain = true } = options;
  return {
    name: "scaleNorm",
    placement: placementOf(options),
    params: (shape) => (gain ? { g: { shape: [], initializer: (_, s) => full(s, rootOf(shape), "f64") } } : {}),
    apply(params, x) {
      checkParams("scaleNorm", [], params, x, gain ? ["g"] : []);
      const norm = sqrt(max(sum(square(x), -1, { keep: true }), epsilon * epsilon));
      return mul(div(x, norm), params["g"] ?? rootOf(x.shape));
    },
  };
}

/** sqrt(d), d being the length of the last axis. */
const rootOf = (shape: readonly number[]): number => Math.sqrt(shape.at(-1) ?? 1);
