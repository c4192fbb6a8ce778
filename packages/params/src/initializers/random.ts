import { TensorError } from "@sluice/tensor";
import { checkOptions, errorFunctionF64, inverseErrorF64, shown } from "@sluice/tensor/internal";
import { drawWhole } from "./draws.ts";
import type { Initializer } from "./initializer.ts";

/** Other libraries' names of the options here, for the error about an unknown one. */
const aliases = {
  min: "low",
  max: "high",
  minval: "low",
  maxval: "high",
  a: "low",
  b: "high",
  lower: "low",
  upper: "high",
  std: "deviation",
  stddev: "deviation",
  sigma: "deviation",
  scale: "deviation",
};

/** Options of {@link randomUniform}. */
export interface RandomUniformOptions {
  /** Default -0.05. */
  readonly low?: number;
  /** Default 0.05. */
  readonly high?: number;
}

/** Uniform on [low, high). */
export function randomUniform(options: RandomUniformOptions = {}): Initializer {
  checkOptions("randomUniform", options, ["low", "high"], aliases);
  const { low = -0.05, high = 0.05 } = options;
  checkRange("randomUniform", low, high);
  return (key, shape) => {
    const drawn = drawWhole(key, shape);
    const { data } = drawn;
    for (let i = 0; i < data.length; i++) data[i] = data[i]! * (1 / 16777216) * (high - low) + low;
    return drawn;
  };
}

/** Options of {@link randomNormal}. */
export interface RandomNormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation; default 0.05. */
  readonly deviation?: number;
}

/** Normal. */
export function randomNormal(options: RandomNormalOptions = {}): Initializer {
  checkOptions("randomNormal", options, ["mean", "deviation"], aliases);
  const { mean = 0, deviation = 0.05 } = options;
  checkDeviation("randomNormal", mean, deviation);
  return (key, shape) => {
    const drawn = drawWhole(key, shape);
    const { data } = drawn;
    const scale = Math.SQRT2 * deviation;
    for (let i = 0; i < data.length; i++)
      data[i] = inverseErrorF64((data[i]! - 8388608 + 0.5) * (1 / 8388608)) * scale + mean;
    return drawn;
  };
}

/** Options of {@link truncatedNormal}. */
export interface TruncatedNormalOptions extends RandomNormalOptions {
  /** Default: two deviations below the mean. */
  readonly low?: number;
  /** Default: two deviations above the mean. */
  readonly high?: number;
}

/**
 * Normal, truncated to [`low`, `high`], by inversion, so each value takes one draw. `mean` and `deviation` are those
 * before truncation.
 *
 * - `truncatedNormal({ deviation })` is Keras's `TruncatedNormal(stddev=deviation)`: truncated at two deviations. The
 *   result has 0.8796 times that deviation.
 * - `truncatedNormal({ deviation, low: -2, high: 2 })` is PyTorch's `trunc_normal_(std=deviation)`, whose limits are
 *   numbers, not deviations. Its own default is a deviation of 1.
 * - `truncatedNormal({ deviation: deviation / 0.87962566103423978
 *   })` is `jax.nn.initializers.truncated_normal(deviation)`: the result has that deviation after truncation.
 *   glorotNormal, lecunNormal and heNormal also specify the deviation after truncation, as in Keras and JAX.
 */
export function truncatedNormal(options: TruncatedNormalOptions = {}): Initializer {
  checkOptions("truncatedNormal", options, ["mean", "deviation", "low", "high"], aliases);
  const { mean = 0, deviation = 0.05 } = options;
  const { low = mean - 2 * deviation, high = mean + 2 * deviation } = options;
  checkDeviation("truncatedNormal", mean, deviation);
  checkRange("truncatedNormal", low, high);
  const [from, to] = [(low - mean) / deviation, (high - mean) / deviation];
  if (from > 5 || to < -5) {
    throw new TensorError(
      `truncatedNormal: [${low}, ${high}] lies more than 5 deviations from the mean ${mean}, where a normal distribution of deviation ${deviation} has practically no values`,
    );
  }
  const [first, last] = [errorFunctionF64(from / Math.SQRT2), errorFunctionF64(to / Math.SQRT2)];
  const scale = Math.SQRT2 * deviation;
  return (key, shape) => {
    const drawn = drawWhole(key, shape);
    const { data } = drawn;
    for (let i = 0; i < data.length; i++) {
      // The probability between the limits is divided into 2^24 cells, and each draw takes the midpoint of one. The
      // approximate inverse may slightly exceed the limits, so the result is clamped.
      const x = inverseErrorF64(first + (data[i]! + 0.5) * (1 / 16777216) * (last - first)) * scale + mean;
      data[i] = Math.min(Math.max(x, low), high);
    }
    return drawn;
  };
}

/** Standard deviation of a standard normal truncated at +-2. */
export const CUT_DEVIATION = 0.87962566103423978;

function checkRange(operation: string, low: number, high: number): void {
  if (!(low < high && high - low < Infinity))
    throw new TensorError(`${operation}: expected numbers low < high, got ${shown(low)} and ${shown(high)}`);
}

function checkDeviation(operation: string, mean: number, deviation: number): void {
  if (!(deviation > 0 && deviation < Infinity && Math.abs(mean) < Infinity))
    throw new TensorError(
      `${operation}: expected a finite mean and a deviation above 0, got ${shown(mean)} and ${shown(deviation)}`,
    );
}
