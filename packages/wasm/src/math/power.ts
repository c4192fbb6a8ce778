import { type Expression, f32x4, f64x2, i32x4, v128 } from "../assembler/index.ts";
import { inDoubles, lowWords, polynomial, powerOfTwo, ROUNDER } from "./doubles.ts";
import { floatParts } from "./log.ts";

/*
 * Powers of four floats at a time. The algorithms, constants and order of operations are those of `scalar/power.ts` in
 * @sluice/tensor, which explains them, so the bits are the same.
 */
type Vector = Expression<"v128">;

const LOG2_E = 1.44269504088896341;
const LN2 = 6.93147180559945286e-1;
const LARGEST = 200;
const LOGARITHM = [
  1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1, 2.222219843214978396e-1,
  2.857142874366239149e-1, 3.999999999940941908e-1, 6.66666666666673513e-1, 2,
];
/** 1 / k! from k = 9 down to 2. */
const INVERSE_FACTORIALS = [
  2.7557319223985893e-6, 2.48015873015873e-5, 1.984126984126984e-4, 1.388888888888889e-3, 8.333333333333333e-3,
  4.1666666666666664e-2, 1.6666666666666666e-1, 0.5,
];

/** k + log2(1 + f). */
function log2OfParts(f: Vector, k: Vector): Vector {
  const s = f64x2.div(f, f64x2.add(f, 2));
  return f64x2.add(k, f64x2.mul(f64x2.mul(polynomial(LOGARITHM, f64x2.mul(s, s)), s), LOG2_E));
}

function exp2(t: Vector): Vector {
  const clamped = f64x2.pmax(f64x2.pmin(t, LARGEST), -LARGEST);
  const rounded = f64x2.add(clamped, ROUNDER);
  const r = f64x2.mul(f64x2.sub(clamped, f64x2.sub(rounded, ROUNDER)), LN2);
  const p = f64x2.mul(f64x2.mul(r, r), polynomial(INVERSE_FACTORIALS, r));
  return f64x2.mul(f64x2.add(f64x2.add(r, p), 1), powerOfTwo(lowWords(rounded)));
}

/** |x|^y from the parts of |x|, and -infinity, infinity or 0 as its logarithm where that is not finite. */
function powerOfParts(f: Vector, k: Vector, special: Vector, y: Vector): Vector {
  return exp2(f64x2.mul(y, f64x2.add(log2OfParts(f, k), special)));
}

/** x^y. */
export function pow(x: Vector, y: Vector): Vector {
  const magnitude = f32x4.abs(x);
  const { f, k } = floatParts(magnitude);
  const infinite = v128.bitselect(f32x4.const(0), magnitude, f32x4.lt(magnitude, Infinity));
  const special = v128.bitselect(f32x4.const(-Infinity), infinite, f32x4.eq(magnitude, 0));
  const power = inDoubles(powerOfParts, f, k, special, y);

  const one = f32x4.const(1);
  const exact = v128.or(f32x4.eq(x, 1), f32x4.eq(y, 0));
  const sureOfOne = v128.and(f32x4.eq(x, -1), f32x4.eq(y, y));
  const size = v128.bitselect(one, power, sureOfOne);
  // The sign of x where y is odd: then half of it is not whole, although it is.
  const half = f32x4.mul(y, 0.5);
  const whole = f32x4.eq(f32x4.floor(y), y);
  const odd = v128.andnot(whole, f32x4.eq(f32x4.floor(half), half));
  const signed = v128.xor(size, v128.and(v128.and(x, odd), i32x4.const(0x80000000 | 0)));
  const undefinedHere = v128.andnot(v128.and(f32x4.lt(x, 0), f32x4.lt(-Infinity, x)), whole);
  return v128.bitselect(one, v128.bitselect(f32x4.const(NaN), signed, undefinedHere), exact);
}
