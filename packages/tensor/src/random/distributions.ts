import { isFloat, type DType } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { add, mul, neg, shiftRight, sqrt, sub } from "../primitives/arithmetic.ts";
import { less } from "../primitives/comparison.ts";
import { convert, select } from "../primitives/elementwise.ts";
import { randomBits } from "../primitives/random-bits.ts";
import { log1p } from "../primitives/transcendental.ts";
import { inverseErrorCentre, inverseErrorTail } from "../scalar/error-function.ts";
import type { Shape } from "../shape.ts";
import { checkKey } from "./keys.ts";
import { scalar, type Tensor } from "../tensor.ts";
import { shown } from "../shown.ts";

interface UniformOptions {
  /** Default 0. */
  readonly low?: number;
  /** Default 1. */
  readonly high?: number;
  readonly dtype?: DType;
}

/**
 * Uniform on [low, high), default [0, 1), in steps of 2^-24 of the range. In f32, if low is not 0, `low + u (high -
 * low)` may round to high.
 */
export function uniform(key: Tensor, shape: Shape, options: UniformOptions = {}): Tensor {
  checkOptions("uniform", options, ["low", "high", "dtype"], {
    min: "low",
    max: "high",
    minval: "low",
    maxval: "high",
    a: "low",
    b: "high",
  });
  const { low = 0, high = 1, dtype = "f32" } = options;
  checkFloat("uniform", dtype);
  checkKey("uniform", key);
  const unit = mul(convert(shiftRight(randomBits(key, shape), 8), dtype), 1 / 16777216);
  return low === 0 && high === 1 ? unit : add(mul(unit, high - low), low);
}

interface NormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation; default 1. */
  readonly deviation?: number;
  readonly dtype?: DType;
}

/**
 * Normal distribution by inversion: sqrt(2) erfinv(u) with u uniform on (-1, 1) and Giles's single-precision erfinv
 * (2010), so |x| is below about 5.5.
 */
export function normal(key: Tensor, shape: Shape, options: NormalOptions = {}): Tensor {
  checkOptions("normal", options, ["mean", "deviation", "dtype"], {
    std: "deviation",
    stddev: "deviation",
    sigma: "deviation",
    scale: "deviation",
    loc: "mean",
  });
  const { mean = 0, deviation = 1, dtype = "f32" } = options;
  checkFloat("normal", dtype);
  checkKey("normal", key);
  // Midpoints of 2^24 cells: never -1, 0 or 1.
  const u = mul(add(convert(sub(shiftRight(randomBits(key, shape), 8), 8388608), dtype), 0.5), 1 / 8388608);
  return add(mul(inverseError(u), Math.SQRT2 * deviation), mean);
}

/** True with probability p. */
export function bernoulli(key: Tensor, shape: Shape, p: number): Tensor {
  if (!(p >= 0 && p <= 1)) throw new TensorError(`bernoulli: expected a probability in [0, 1], got ${shown(p)}`);
  checkKey("bernoulli", key);
  return less(uniform(key, shape), p);
}

function checkFloat(operation: string, dtype: DType): void {
  if (!isFloat(dtype)) throw new TensorError(`${operation}: expected the dtype f32 or f64, got ${dtype}`);
}

function inverseError(x: Tensor): Tensor {
  const w = neg(log1p(neg(mul(x, x))));
  const inCentre = less(w, 5);
  return mul(
    x,
    select(inCentre, polynomial(inverseErrorCentre, sub(w, 2.5)), polynomial(inverseErrorTail, sub(sqrt(w), 3))),
  );
}

/** Horner's scheme, highest power first. */
function polynomial([highest = 0, ...rest]: readonly number[], t: Tensor): Tensor {
  return rest.reduce<Tensor>((sum, c) => add(mul(t, sum), c), scalar(highest, t.dtype));
}
