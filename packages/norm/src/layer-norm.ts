import { add, div, full, mean, mul, sqrt, square, sub } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type Normalizer, type PlacementOptions } from "./normalizer.ts";

export interface LayerNormOptions extends PlacementOptions {
  /**
   * Added to the variance, inside the root. Default 1e-5, PyTorch's; 1e-3, Keras's, is safer where a layer may be
   * nearly constant.
   */
  readonly epsilon?: number;
  /** Learned factor for each feature, from 1. Default true. */
  readonly gain?: boolean;
  /** Learned offset for each feature, from 0. Default true. */
  readonly bias?: boolean;
}

/**
 * Layer normalization over the features (Ba, Kiros, Hinton 2016, arXiv:1607.06450): `gain (x - mean) / sqrt(variance +
 * epsilon) + bias`, with the biased variance.
 *
 * Published variants, by name:
 * - `layerNorm()`: `LN(W x) + LN(U h) + b`, each product over its gates together, and `tanh(LN(c))`. The paper's;
 *   haste's.
 * - `layerNorm({ placement: "gates" })`: each gate's sum on its own, and `tanh(LN(c))`. TensorFlow's
 *   LayerNormBasicLSTMCell.
 * - `layerNorm({ cell: false })`: as the first, with the memory left as it is.
 */
export function layerNorm(options: LayerNormOptions = {}): Normalizer {
  check("layerNorm", options, ["gain", "bias"]);
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
      const deviation = sub(x, mean(x, -1, { keep: true }));
      const variance = mean(square(deviation), -1, { keep: true });
      const y = div(deviation, sqrt(add(variance, epsilon)));
      const scaled = params["gain"] === undefined ? y : mul(y, params["gain"]);
      return params["bias"] === undefined ? scaled : add(scaled, params["bias"]);
    },
  };
}
