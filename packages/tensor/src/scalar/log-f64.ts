import { highWord, withHighWord } from "./bits.ts";

/* Logarithms in double precision, after fdlibm (`e_log.c`, `s_log1p.c`; Sun Microsystems 1993); error below 1 ulp. */

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const L1 = 6.66666666666673513e-1;
const L2 = 3.999999999940941908e-1;
const L3 = 2.857142874366239149e-1;
const L4 = 2.222219843214978396e-1;
const L5 = 1.818357216161805012e-1;
const L6 = 1.531383769920937332e-1;
const L7 = 1.479819860511658591e-1;

/** High words of 1 and of sqrt(1/2): the mantissa is taken from [sqrt(1/2), sqrt 2). */
const ONE = 0x3ff00000;
const SQRT_HALF = 0x3fe6a09e;

/** log(1 + f) + k ln 2 + correction, for 1 + f in [sqrt(1/2), sqrt 2). */
function logOfReduced(f: number, k: number, correction: number): number {
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (L2 + w * (L4 + w * L6));
  const even = z * (L1 + w * (L3 + w * (L5 + w * L7)));
  const R = odd + even;
  const halfSquare = 0.5 * f * f;
  return k * LN2_HIGH - (halfSquare - (s * (halfSquare + R) + (k * LN2_LOW + correction)) - f);
}

/** Natural logarithm. log(+-0) = -inf, log(x < 0) = NaN. */
export function logF64(x: number): number {
  if (x !== x || x === Infinity) return x;
  if (x === 0) return -Infinity;
  if (x < 0) return NaN;
  let k = -1023;
  if (x < 2.2250738585072014e-308) {
    k -= 54;
    x *= 18014398509481984; // 2^54
  }
  const shifted = highWord(x) + (ONE - SQRT_HALF);
  k += shifted >> 20;
  const mantissa = withHighWord(x, (shifted & 0x000fffff) + SQRT_HALF);
  return logOfReduced(mantissa - 1, k, 0);
}

/** log(1 + x), accurate near 0. log1p(-1) = -inf, log1p(x < -1) = NaN, log1p(-0) = -0. */
export function log1pF64(x: number): number {
  if (x !== x || x === Infinity) return x;
  if (x === -1) return -Infinity;
  if (x < -1) return NaN;
  if (Math.abs(x) < 1.1102230246251565e-16) return x; // 2^-53
  const u = 1 + x;
  const shifted = highWord(u) + (ONE - SQRT_HALF);
  const k = (shifted >> 20) - 1023;
  if (k === 0) return logOfReduced(x, 0, 0);
  // The rounding error of 1 + x, relative to u.
  const lost = k >= 2 ? 1 - (u - x) : x - (u - 1);
  const mantissa = withHighWord(u, (shifted & 0x000fffff) + SQRT_HALF);
  return logOfReduced(mantissa - 1, k, k < 54 ? lost / u : 0);
}
