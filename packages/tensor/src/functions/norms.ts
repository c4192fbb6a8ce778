import { abs, mul, stopGradient, sqrt } from "../primitives/arithmetic.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { reshape } from "../primitives/layout.ts";
import { normalizeAxes } from "../primitives/axes.ts";
import { reduceMax, sum } from "../primitives/reduce.ts";
import { scalar, type Tensor } from "../tensor.ts";
import { square } from "./arrays.ts";

/**
 * The square root with derivative 0 at 0, where sqrt has an infinite derivative. Without this, the gradient of a norm
 * of zeros, or of the deviation of equal values, would be infinity times 0, which is NaN. NaN below 0.
 */
export function root(x: Tensor): Tensor {
  const positive = less(0, x);
  return select(positive, sqrt(select(positive, x, 1)), select(less(x, 0), NaN, mul(x, 0)));
}

/** Powers of two, because scaling by them does not round. */
const limits = {
  f32: {
    high: 1125899906842624,
    down: 8.271806125530277e-25,
    low: 8.881784197001252e-16,
    up: 79228162514264337593543950336,
  }, // 2^50, 2^-80, 2^-50, 2^96
  f64: {
    high: 2.5822498780869086e120,
    down: 1.90109156629516e-211,
    low: 3.8725919148493183e-121,
    up: 5.260135901548374e210,
  }, // 2^400, 2^-700, 2^-400, 2^700
} as const;

/**
 * The factor by which values are multiplied before they are squared, and its inverse, for a given largest magnitude. In
 * the middle of the range it is 1, which changes no bit. Otherwise it is a power of two that leaves room for the
 * squares of 2^27 elements and for their gradient.
 */
export function scaleOfSquares(largest: Tensor): { readonly scale: Tensor; readonly inverse: Tensor } {
  const { dtype } = largest;
  const { high, down, low, up } = limits[dtype === "f64" ? "f64" : "f32"];
  const huge = less(high, largest);
  const tiny = less(largest, low);
  const choose = (ofHuge: number, ofTiny: number): Tensor =>
    select(huge, scalar(ofHuge, dtype), select(tiny, scalar(ofTiny, dtype), scalar(1, dtype)));
  return { scale: choose(down, up), inverse: choose(1 / down, 1 / up) };
}

/**
 * The Euclidean norm over axes (default all). It does not overflow or underflow if the norm itself does not, although
 * the squares of 1e20 and 1e-30 do not fit f32. Its gradient is `x / |x|`, and 0 at zeros. NaN and infinity give NaN
 * and infinity; the norm of no elements is 0.
 */
export function euclideanNorm(
  x: Tensor,
  axes?: number | readonly number[],
  options: { readonly keep?: boolean } = {},
): Tensor {
  const over = normalizeAxes("euclideanNorm", x, axes);
  if (over.some((axis) => x.shape[axis] === 0)) return sum(x, over, options);
  const { scale, inverse } = scaleOfSquares(stopGradient(reduceMax(abs(x), over, { keep: true })));
  const norm = mul(root(sum(square(mul(x, scale)), over, { keep: true })), inverse);
  return options.keep === true
    ? norm
    : reshape(
        norm,
        x.shape.filter((_, axis) => !over.includes(axis)),
      );
}
