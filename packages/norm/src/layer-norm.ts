import { add, full, mul } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";
import { standardized } from "./standardized.ts";

/** Options of {@link layerNorm}. */
export interface LayerNormOptions extends PlacementOptions {
  /**
   * Added to the variance, inside the root. Default 1e-5, as in PyTorch. Keras uses 1e-3, which is safer if the
   * features of a row can be nearly equal.
   */
  readonly epsilon?: number;
  /** One learned factor per feature, initially 1. Default true. */
  readonly gain?: boolean;
  /** One learned offset per feature, initially 0. Default true. */
  readonly bias?: boolean;
}

/**
 * Layer normalization over the features (Ba, Kiros, Hinton 2016, arXiv:1607.06450):
 *
 *     y = gain (x - mean) / sqrt(variance + epsilon) + bias
 *
 * `x` is `[batch, ..., features]`. Mean and biased variance are taken over the last axis.
 *
 * Published variants:
 * - `layerNorm()`: `LN(W x) + LN(U h) + b`, each product normalized over all its gates together, and `tanh(LN(c))`.
 *   From the paper; haste does the same.
 * - `layerNorm({ placement: "gates" })`: the sum of each gate normalized separately, and `tanh(LN(c))`. TensorFlow's
 *   LayerNormBasicLSTMCell.
 * - `layerNorm({ cell: false })`: as the first, but the memory is not normalized.
 *
 * Where the squares of a row's deviations add up to more than 3.4e38 in f32 (1.8e308 in f64), as they do from one
 * deviation of 1.8e19 on, the variance is infinite and the row's result is `bias`, without an error. PyTorch does the
 * same.
 *
 * Throws a TensorError if an option is unknown or `epsilon` is not positive.
 */
export function layerNorm(options: LayerNormOptions = {}): RowNormalizer {
  check("layerNorm", options, ["epsilon", "gain", "bias"]);
  const { epsilon = 1e-5, gain = true, bias = true } = options;
  return {
    name: "layerNorm",
    placement: placementOf(options),
    params: (shape) => ({
      ...(gain ? { gain: { shape, initializer: (_, s) => full(s, 1, "f64") } } : {}),
      ...(bias ? { bias: { shape, initializer: (_, s) => full(s, 0, "f64") } } : {}),
    }),
    apply(params, x) {
      checkParams("layerNorm", [...(gain ? ["gain"] : []), ...(bias ? ["bias"] : [])], params, x);
      const y = standardized(x, epsilon);
      const scaled = params["gain"] === undefined ? y : mul(y, params["gain"]);
      return params["bias"] === undefined ? scaled : add(scaled, params["bias"]);
    },
  };
}
