import {
  add,
  convert,
  div,
  expand,
  full,
  max,
  mul,
  reshape,
  select,
  sqrt,
  square,
  stack,
  sub,
  sum,
  take,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, describe, sameShape, shown } from "@sluice/tensor/internal";
import { checkParams } from "./check.ts";
import type { NormalizerParameter } from "./normalizer.ts";

/** Options of {@link revIn}. */
export interface RevInOptions {
  /** Added to the variance, inside the root. Default 1e-5, as in the authors' code. */
  readonly epsilon?: number;
  /** One learned factor (gain, initially 1) and offset (bias, initially 0) for each feature. Default true. */
  readonly affine?: boolean;
}

/** Mean and deviation of each series and feature, `[batch, 1, features]`. */
export type InstanceStatistics = { readonly mean: Tensor; readonly deviation: Tensor };

/** A normalizer of whole series that can be undone in what a model makes of them: {@link revIn}. */
export interface ReversibleNormalizer {
  /** Used in error messages. */
  readonly name: string;
  /** The parameters for series of this many features. */
  params(features: number): Readonly<Record<string, NormalizerParameter>>;
  /**
   * Normalizes `x` `[batch, time, features]` by the statistics of each series, of the steps where `taken` (bool
   * `[batch, time]`) is true, or of all steps.
   */
  normalize(
    params: Readonly<Record<string, Tensor>>,
    x: Tensor,
    taken?: Tensor,
  ): { readonly output: Tensor; readonly statistics: InstanceStatistics };
  /**
   * The inverse, for `y` `[batch, time, k * n]` of which n features are the input's `targets`: k steps ahead side by
   * side, or one. Default: all features of the input.
   */
  denormalize(
    params: Readonly<Record<string, Tensor>>,
    y: Tensor,
    statistics: InstanceStatistics,
    targets?: readonly number[],
  ): Tensor;
}

/**
 * Reversible instance normalization, RevIN (Kim et al. 2022, ICLR, "Reversible Instance Normalization for Accurate
 * Time-Series Forecasting against Distribution Shift"), around a model that forecasts. For each series and feature,
 * over the series' own steps:
 *
 *     mean = 1/T sum_t x_t
 *     variance = 1/T sum_t (x_t - mean)^2
 *     x'_t = gain (x_t - mean) / sqrt(variance + epsilon) + bias
 *     y = sqrt(variance + epsilon) (y' - bias) / gain + mean             y' being what the model makes of x'
 *
 * The authors' code divides by gain + epsilon^2 instead of gain. A series without steps has mean and variance 0.
 * `reversible` of `@sluice/cells` puts it around a layer.
 *
 * Throws a TensorError if an option is unknown or `epsilon` is not positive.
 */
export function revIn(options: RevInOptions = {}): ReversibleNormalizer {
  checkOptions("revIn", options, ["epsilon", "affine"], { eps: "epsilon", gain: "affine", bias: "affine" });
  const { epsilon = 1e-5, affine = true } = options;
  if (!(epsilon > 0 && epsilon < Infinity))
    throw new TensorError(
      `revIn: expected epsilon > 0, got ${shown(epsilon)}; without it, a series that does not change gives 0 / 0`,
    );
  if (typeof affine !== "boolean") throw new TensorError(`revIn: affine must be true or false, got ${shown(affine)}`);
  const known = affine ? ["gain", "bias"] : [];
  return {
    name: "revIn",
    params: (features): Record<string, NormalizerParameter> =>
      affine
        ? {
            gain: { shape: [features], initializer: (_, s) => full(s, 1, "f64") },
            bias: { shape: [features], initializer: (_, s) => full(s, 0, "f64") },
          }
        : {},
    normalize(params, x, taken) {
      if (x.shape.length !== 3)
        throw new TensorError(`revIn: expected series [batch, time, features], got ${describe(x)}`);
      checkParams("revIn", known, params, x);
      const { mean, centred, variance } = momentsOf(x, taken);
      const deviation = sqrt(add(variance, epsilon));
      const { gain, bias } = params;
      const y = div(centred, deviation);
      return {
        output: gain === undefined || bias === undefined ? y : add(mul(y, gain), bias),
        statistics: { mean, deviation },
      };
    },
    denormalize(params, y, statistics, targets) {
      const features = statistics.mean.shape.at(-1) ?? 0;
      const chosen = targets ?? Array.from({ length: features }, (_, i) => i);
      const [batch = 0, time = 0, width = 0] = y.shape;
      if (y.shape.length !== 3 || chosen.length === 0 || width % chosen.length !== 0)
        throw new TensorError(
          `revIn: expected outputs [batch, time, k * ${chosen.length}] for ${chosen.length} features, got ${describe(y)}`,
        );
      const of = (x: Tensor): Tensor => (targets === undefined ? x : featuresOf(x, chosen));
      const { gain, bias } = params;
      const ahead = reshape(y, [batch, time, width / chosen.length, chosen.length]);
      const plain = gain === undefined || bias === undefined ? ahead : div(sub(ahead, of(bias)), of(gain));
      const [deviation, mean] = [expand(of(statistics.deviation), 1), expand(of(statistics.mean), 1)];
      return reshape(add(mul(plain, deviation), mean), y.shape);
    },
  };
}

/** Mean and variance over time, `[batch, 1, features]`, and the differences from the mean; of the taken steps. */
function momentsOf(x: Tensor, taken: Tensor | undefined) {
  if (taken !== undefined && (taken.dtype !== "bool" || !sameShape(taken.shape, x.shape.slice(0, 2))))
    throw new TensorError(`revIn: taken must be bool [${x.shape.slice(0, 2).join(", ")}], got ${describe(taken)}`);
  const looked = (y: Tensor): Tensor => (taken === undefined ? y : select(expand(taken, 2), y, 0));
  const count =
    taken === undefined
      ? Math.max(1, x.shape[1] ?? 1)
      : max(expand(sum(convert(taken, x.dtype), 1, { keep: true }), 2), 1);
  const mean = div(sum(looked(x), 1, { keep: true }), count);
  const centred = looked(sub(looked(x), mean));
  return { mean, centred, variance: div(sum(square(centred), 1, { keep: true }), count) };
}

/** These features of `[..., features]`. */
function featuresOf(x: Tensor, features: readonly number[]): Tensor {
  return stack(
    features.map((feature) => take(x, feature, -1)),
    -1,
  );
}
