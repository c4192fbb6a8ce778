import { cos, mul, reshape, sin, sliceAxis, stack, tensor, TensorError } from "@sluice/tensor";
import { checkOptions, expF64, logF64, shown } from "@sluice/tensor/internal";
import { checkSize } from "../options/size.ts";
import { timeFeatures, type TimeFeaturesLayer } from "./time-features.ts";

/** Options of {@link sinusoidalTime}. */
export interface SinusoidalTimeOptions {
  /** The number of features. */
  readonly features: number;
  /** The ratio that the frequencies approach: about that of the longest to the shortest period. Default 10000. */
  readonly base?: number;
  /** Times are multiplied by this. Default 1. */
  readonly scale?: number;
}

/** {@link sinusoidalTime} has no parameters. */
export type SinusoidalTimeParams = Readonly<Record<string, never>>;

/**
 * The positional encoding of transformers (Vaswani et al. 2017, arXiv:1706.03762, section 3.5) at continuous times:
 *
 *     f_i        = base^(-2 i / features)                   i = 0, 1, ...
 *     y[2 i]     = sin(f_i scale t)
 *     y[2 i + 1] = cos(f_i scale t)
 *
 * It maps times `[batch, time, 1]` to `[batch, time, features]`, without parameters; an odd number of features leaves
 * out the last cosine. With `base: 10, scale: 48` it is the fixed embedding of mTAN's authors (Shukla and Marlin 2021,
 * arXiv:2101.10318), whose times lie in [0, 1]. With the defaults, the shortest period is 2 pi in the unit of t, and
 * the longest about 10000 times as long. Times in f32 have 7 digits: begin each sequence near 0.
 */
export function sinusoidalTime(options: SinusoidalTimeOptions): TimeFeaturesLayer<SinusoidalTimeParams> {
  checkOptions("sinusoidalTime", options, ["features", "base", "scale"], {
    output: "features",
    dModel: "features",
    frequency: "base",
    maxPeriod: "base",
  });
  const { base = 10000, scale = 1 } = options;
  const features = checkSize("sinusoidalTime", "features", options.features);
  if (!(base > 1 && base < Infinity))
    throw new TensorError(`sinusoidalTime: base must be a finite number > 1, got ${shown(base)}`);
  if (!(scale > 0 && scale < Infinity))
    throw new TensorError(`sinusoidalTime: scale must be a finite number > 0, got ${shown(scale)}`);
  const pairs = Math.ceil(features / 2);
  const frequencies = Float64Array.from(
    { length: pairs },
    (_, i) => scale * expF64((-2 * i * logF64(base)) / features),
  );
  return timeFeatures<SinusoidalTimeParams>({
    kind: "sinusoidalTime",
    input: 1,
    features,
    params: {},
    init: () => ({}),
    of(_, t) {
      const angles = mul(t, tensor(frequencies, [pairs], { dtype: t.dtype }));
      const lead = t.shape.slice(0, -1);
      const y = reshape(stack([sin(angles), cos(angles)], lead.length + 1), [...lead, 2 * pairs]);
      return sliceAxis(y, lead.length, 0, features);
    },
  });
}
