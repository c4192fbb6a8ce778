import { initialize, parameter } from "@sluice/params";
import { matmul, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { decayRate, decayWeights, meanDecay } from "../cell/decay.ts";
import { checkSize } from "../options/size.ts";
import { timeFeatures, type TimeFeaturesLayer } from "./time-features.ts";

/** Options of {@link timeDecay}. */
export interface TimeDecayOptions {
  /** The number of elapsed times per step. Default 1. */
  readonly input?: number;
  /** The number of features. */
  readonly features: number;
}

/** The parameters of {@link timeDecay}: W `[input, features]`, b `[features]`. */
export type TimeDecayParams = { readonly W: Tensor; readonly b: Tensor };

/**
 * Features that decay with elapsed times d, as the decays of GRU-D (Che et al. 2016, arXiv:1606.01865, equation 3):
 *
 *     y = exp(-max(0, d W + b))
 *
 * It maps elapsed times `[batch, time, input]`, of the step or of each variable, to `[batch, time, features]` between 0
 * and 1. W begins positive, because a feature has no gradient where `d W + b <= 0`, and divided by `input` as
 * {@link meanDecay}; b begins at 0. Scale times so that typical ones are near 1.
 */
export function timeDecay(options: TimeDecayOptions): TimeFeaturesLayer<TimeDecayParams> {
  checkOptions("timeDecay", options, ["input", "features"], { output: "features", units: "features" });
  const input = checkSize("timeDecay", "input", options.input ?? 1);
  const features = checkSize("timeDecay", "features", options.features);
  const params = { W: decayWeights([input, features], meanDecay), b: parameter([features]) };
  return timeFeatures({
    kind: "timeDecay",
    input,
    features,
    params,
    init: (key, initOptions) => initialize(params, key, initOptions),
    of: ({ W, b }: TimeDecayParams, d) => decayRate(matmul(d, W), b),
  });
}
