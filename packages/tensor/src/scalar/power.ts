import { bitsOfF32, f32FromBits, powerOfTwo } from "./bits.ts";
import { expF64 } from "./exp-f64.ts";
import { logF64 } from "./log-f64.ts";

/*
 * Powers as IEEE 754 defines `pow`. In f32 the logarithm to base 2, its product with the exponent and the exponential
 * are taken in double precision, in the order of operations of the WebAssembly kernel, and rounded once, at the end.
 */
const round = Math.fround;

const LOG2_E = 1.44269504088896341;
const LN2 = 6.93147180559945286e-1;
/** 1.5 * 2^52: adding it rounds to the nearest integer. */
const ROUNDER = 6755399441055744;
/** The result is infinite beyond 2^200 and 0 below 2^-200. */
const LARGEST = 200;

const SMALLEST_NORMAL = f32FromBits(0x00800000);
/** Bits of a float just below sqrt(1/2): the mantissa is taken from [sqrt(1/2), sqrt 2). */
const SQRT_HALF = 0x3f3504f3;
const ONE = 0x3f800000;

/** The logarithm to base 2 of f32 x >= 0, as a double, to about 50 bits; something else at 0 and infinity. */
function log2OfF32(x: number): number {
  const denormal = x < SMALLEST_NORMAL;
  const shifted = (bitsOfF32(denormal ? x * 8388608 : x) + (ONE - SQRT_HALF)) | 0;
  const k = (shifted >> 23) - 127 - (denormal ? 23 : 0);
  const f = f32FromBits((shifted & 0x007fffff) + SQRT_HALF) - 1;
  // The series of fdlibm's `e_log.c`.
  const s = f / (f + 2);
  const z = s * s;
  const p =
    3.999999999940941908e-1 +
    z *
      (2.857142874366239149e-1 +
        z *
          (2.222219843214978396e-1 +
            z * (1.818357216161805012e-1 + z * (1.531383769920937332e-1 + z * 1.479819860511658591e-1))));
  return k + s * (2 + z * (6.66666666666673513e-1 + z * p)) * LOG2_E;
}

/** 1 / k! from k = 9 down to 2. */
const INVERSE_FACTORIALS = [
  2.7557319223985893e-6, 2.48015873015873e-5, 1.984126984126984e-4, 1.388888888888889e-3, 8.333333333333333e-3,
  4.1666666666666664e-2, 1.6666666666666666e-1, 0.5,
];

/** 2^t. */
function exp2(t: number): number {
  let clamped = LARGEST < t ? LARGEST : t;
  clamped = clamped < -LARGEST ? -LARGEST : clamped;
  const n = clamped + ROUNDER - ROUNDER;
  const r = (clamped - n) * LN2;
  const p = INVERSE_FACTORIALS.reduce((sum, c) => sum * r + c);
  return (1 + (r + r * r * p)) * powerOfTwo(n !== n ? 0 : n);
}

/** x^y from |x|^y: 1 where that is exact, and the sign, or NaN, where x is negative. */
function withSigns(x: number, y: number, power: number): number {
  if (x === 1 || y === 0) return 1;
  const negative = x < 0 || Object.is(x, -0);
  const magnitude = x === -1 && y === y ? 1 : power;
  if (!negative) return magnitude;
  const half = y * 0.5;
  if (Math.floor(y) !== y) return -Infinity < x && x < 0 ? NaN : magnitude;
  return Math.floor(half) === half ? magnitude : -magnitude;
}

/** x^y in f32; error below 1 ulp. */
export function powF32(x: number, y: number): number {
  const magnitude = Math.abs(x);
  let logarithm = log2OfF32(magnitude);
  logarithm = magnitude < Infinity ? logarithm : magnitude;
  logarithm = magnitude === 0 ? -Infinity : logarithm;
  return withSigns(x, y, round(exp2(y * logarithm)));
}

/** x^y, with a relative error of about |y log x| 2^-53. */
export function powF64(x: number, y: number): number {
  return withSigns(x, y, expF64(y * logF64(Math.abs(x))));
}
