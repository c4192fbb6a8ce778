import { add, full, mul, reshape, TensorError, type Shape } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";
import { standardized } from "./standardized.ts";

/** Options of {@link groupNorm}. */
export interface GroupNormOptions extends PlacementOptions {
  /** Into how many groups of neighbouring features each row is divided. */
  readonly groups: number;
  /** Added to the variance, inside the root. Default 1e-5, as in the paper and PyTorch. */
  readonly epsilon?: number;
  /** One learned factor per feature, initially 1. Default true. */
  readonly gain?: boolean;
  /** One learned offset per feature, initially 0. Default true. */
  readonly bias?: boolean;
}

/**
 * Group normalization (Wu, He 2018, arXiv:1803.08494): {@link layerNorm} over each group of features by
 * itself:
 *
 *     y = gain (x - mean) / sqrt(variance + epsilon) + bias
 *
 * `x` is `[batch, ..., features]`. Mean and biased variance are taken over the `features / groups` neighbouring
 * features of a group.
 *
 * - `groupNorm({ groups: heads, placement: "gates" })`: each head of each gate and of the memory by itself.
 * - `groupNorm({ groups })`: the groups of a product run through all its gates, one gate after the other.
 *
 * Has the overflow of {@link layerNorm}. Throws a TensorError if an option is unknown, `epsilon` is not positive,
 * `groups` is not a positive integer, or the number of features is not a multiple of it.
 */
export function groupNorm(options: GroupNormOptions): RowNormalizer {
  check("groupNorm", options, ["groups", "epsilon", "gain", "bias"]);
  const { groups, epsilon = 1e-5, gain = true, bias = true } = options;
  if (!(Number.isInteger(groups) && groups >= 1))
    throw new TensorError(`groupNorm: expected groups as an integer of at least 1, got ${groups}`);
  return {
    name: "groupNorm",
    placement: placementOf(options),
    params(shape) {
      widthOf(shape, groups);
      return {
        ...(gain ? { gain: { shape, initializer: (_, s) => full(s, 1, "f64") } } : {}),
        ...(bias ? { bias: { shape, initializer: (_, s) => full(s, 0, "f64") } } : {}),
      };
    },
    apply(params, x) {
      checkParams("groupNorm", [...(gain ? ["gain"] : []), ...(bias ? ["bias"] : [])], params, x);
      const grouped = reshape(x, [...x.shape.slice(0, -1), groups, widthOf(x.shape, groups)]);
      const y = reshape(standardized(grouped, epsilon), x.shape);
      const scaled = params["gain"] === undefined ? y : mul(y, params["gain"]);
      return params["bias"] === undefined ? scaled : add(scaled, params["bias"]);
    },
  };
}

/** The number of features of a group. */
function widthOf(shape: Shape, groups: number): number {
  const features = shape.at(-1) ?? 1;
  if (features % groups === 0) return features / groups;
  throw new TensorError(
    `groupNorm: ${features} features cannot be divided into ${groups} equal groups; take a divisor of ${features}`,
  );
}
