import { max, min, type Tensor } from "@sluice/tensor";

/**
 * `g` clamped to ±2^63 (f64: ±2^511), so that its square and a running mean of squares are finite. Otherwise the mean
 * would stay infinite, `g / sqrt(mean)` would be 0, and the weight would never move again. An optimizer that divides by
 * the root of such a mean moves the weights as for a gradient of that size. NaN stays NaN.
 */
export function squarable(g: Tensor): Tensor {
  const largest = g.dtype === "f64" ? LARGEST_F64 : LARGEST_F32;
  return max(min(g, largest), -largest);
}

/** 2^63: its square, 2^126, is a quarter of f32's largest value. */
const LARGEST_F32 = 9223372036854775808;
/** 2^511, exact. */
const LARGEST_F64 = 6.703903964971299e153;

/** The square of the largest {@link squarable} gradient, where a sum of squares stops. */
export const largestSquare = (dtype: Tensor["dtype"]): number =>
  dtype === "f64" ? LARGEST_F64 * LARGEST_F64 : LARGEST_F32 * LARGEST_F32;
