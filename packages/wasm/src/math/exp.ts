import { type Expression, f32x4, i32x4, type MultiplyAdd, v128 } from "../assembler/index.ts";

/*
 * Exponentials of four floats at a time. The algorithms, constants and order of operations are those of
 * `scalar/exp-f32.ts` in @sluice/tensor, which explains them, so the bits are the same if `multiplyAdd` is separate.
 * If it is relaxed, the bounds of the errors stay the same: what is fused then is the reduction, the polynomial and
 * products that are exact. Each function builds a graph of instructions for use in a larger expression.
 */
type Vector = Expression<"v128">;

const LOG2_E = 1.44269504088896341;
const ROUNDER = 12582912;
/** The bits of ROUNDER. A left shift by 23 removes them. */
const ROUNDER_BITS = 0x4b400000;
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;
const P: readonly [number, ...number[]] = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];
const SIGN = 0x80000000 | 0;

interface Reduced {
  /** The bits of n + ROUNDER, where n is the integer nearest to x / ln 2. The low bits hold n. */
  readonly rounded: Vector;
  /** e^r - 1 with r = x - n ln 2. */
  readonly expm1: Vector;
}

function reduce(x: Vector, multiplyAdd: MultiplyAdd): Reduced {
  const rounded = multiplyAdd(ROUNDER, x, LOG2_E);
  const n = f32x4.sub(rounded, ROUNDER);
  const r = multiplyAdd(multiplyAdd(x, n, -LN2_HIGH), n, -LN2_LOW);
  const [first, ...others] = P;
  let p: Vector = f32x4.const(first);
  for (const coefficient of others) p = multiplyAdd(coefficient, p, r);
  // Not fused: that would make the largest error larger.
  return { rounded, expm1: f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r) };
}

/** 2^(n + more) for four integers, as floats. Their high bits do not matter. */
function powerOfTwo(n: Vector, more = 0): Vector {
  return i32x4.shl(i32x4.add(n, i32x4.const(127 + more)), 23);
}

/** e^x. */
export function exp(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const { rounded, expm1 } = reduce(f32x4.pmax(f32x4.pmin(x, 89), -104), multiplyAdd);
  // Two factors, because 2^n alone may be too large or too small for a float.
  const n = i32x4.sub(rounded, i32x4.const(ROUNDER_BITS));
  const half = i32x4.shrS(n, 1);
  return f32x4.mul(f32x4.mul(f32x4.add(expm1, 1), powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/**
 * e^-|x|, which is at most 1. The power of two is 2^(n + 64), never too small for a float, times a constant. Rounded
 * once, at the end, as in `exp`.
 */
function expOfNegative(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const { rounded, expm1 } = reduce(f32x4.pmax(v128.or(x, i32x4.const(SIGN)), -104), multiplyAdd);
  return f32x4.mul(f32x4.mul(f32x4.add(expm1, 1), powerOfTwo(rounded, 64)), 5.421010862427522e-20); // 2^-64
}

/** e^x - 1. */
export function expm1(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const reduced = reduce(f32x4.pmax(f32x4.pmin(x, 89), -20), multiplyAdd);
  const power = powerOfTwo(reduced.rounded, -1);
  const half = multiplyAdd(f32x4.sub(power, 0.5), reduced.expm1, power);
  return v128.bitselect(x, f32x4.add(half, half), f32x4.lt(f32x4.abs(x), 2.9802322387695312e-8)); // 2^-25
}

export function tanh(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const magnitude = f32x4.abs(x);
  const { rounded, expm1 } = reduce(f32x4.pmin(f32x4.add(magnitude, magnitude), 20), multiplyAdd);
  const power = powerOfTwo(rounded);
  const t = multiplyAdd(f32x4.sub(power, 1), expm1, power);
  return v128.or(f32x4.div(t, f32x4.add(t, 2)), v128.and(x, i32x4.const(SIGN)));
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: Vector, multiplyAdd: MultiplyAdd): Vector {
  const e = expOfNegative(x, multiplyAdd);
  // e where x < 0, else 1. Both are at most 1.
  const numerator = f32x4.pmax(e, v128.andnot(f32x4.const(1), f32x4.lt(x, 0)));
  return f32x4.div(numerator, f32x4.add(e, 1));
}
