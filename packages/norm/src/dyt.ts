import { add, full, mul, tanh, TensorError } from "@sluice/tensor";
import { check, checkParams } from "./check.ts";
import { placementOf, type PlacementOptions, type RowNormalizer } from "./normalizer.ts";

/** Options of {@link dyT}. */
export interface DyTOptions extends PlacementOptions {
  /** Initial value of alpha. Default 0.5, as in the paper. */
  readonly initialAlpha?: number;
  /** One learned factor per feature, initially 1. Default true. */
  readonly gain?: boolean;
  /** One learned offset per feature, initially 0. Default true. */
  readonly bias?: boolean;
}

/**
 * Dynamic tanh (Zhu, Chen, He, LeCun, Liu 2025, arXiv:2503.10622, algorithm 1), which takes the place of a
 * normalization without computing any statistics:
 *
 *     y = gain tanh(alpha x) + bias
 *
 * `x` is `[batch, ..., features]`. The learned scalar alpha is one for each tensor that is normalized; the paper calls
 * gain and bias gamma and beta.
 *
 * Takes the placements of {@link layerNorm}. Throws a TensorError if an option is unknown or `initialAlpha` is not
 * finite.
 */
export function dyT(options: DyTOptions = {}): RowNormalizer {
  check("dyT", options, ["initialAlpha", "gain", "bias"]);
  const { initialAlpha = 0.5, gain = true, bias = true } = options;
  if (!Number.isFinite(initialAlpha))
    throw new TensorError(`dyT: expected initialAlpha as a finite number, got ${initialAlpha}`);
  return {
    name: "dyT",
    placement: placementOf(options),
    params: (shape) => ({
      alpha: { shape: [], initializer: (_, s) => full(s, initialAlpha, "f64") },
      ...(gain ? { gain: { shape, initializer: (_, s) => full(s, 1, "f64") } } : {}),
      ...(bias ? { bias: { shape, initializer: (_, s) => full(s, 0, "f64") } } : {}),
    }),
    apply(params, x) {
      checkParams("dyT", [...(gain ? ["gain"] : []), ...(bias ? ["bias"] : [])], params, x, ["alpha"]);
      const y = tanh(mul(x, params["alpha"] ?? initialAlpha));
      const scaled = params["gain"] === undefined ? y : mul(y, params["gain"]);
      return params["bias"] === undefined ? scaled : add(scaled, params["bias"]);
    },
  };
}
