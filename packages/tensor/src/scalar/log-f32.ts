import { bitsOfF32, f32FromBits } from "./bits.ts";

/*
 * Logarithms in single precision, with the same operations in the same order, and so the same bits, as the WebAssembly
 * kernels. After fdlibm's single precision versions `e_logf.c` and `s_log1pf.c` (Ian Lance Taylor, Cygnus; FreeBSD
 * msun).
 */
const round = Math.fround;

const LN2_HIGH = round(6.9313812256e-1);
const LN2_LOW = round(9.0580006145e-6);
const L1 = round(0.66666662693);
const L2 = round(0.40000972152);
const L3 = round(0.28498786688);
const L4 = round(0.24279078841);

const SMALLEST_NORMAL = f32FromBits(0x00800000);
const TWO_23 = 8388608;
/** Bits of a float just below sqrt(1/2): the mantissa is taken from [sqrt(1/2), sqrt 2). */
const SQRT_HALF = 0x3f3504f3;
const ONE = 0x3f800000;

/** log(1 + f) + k ln 2 + correction, for 1 + f in [sqrt(1/2), sqrt 2). */
function logOfReduced(f: number, k: number, correction: number): number {
  const s = round(f / round(f + 2));
  const z = round(s * s);
  const w = round(z * z);
  const odd = round(w * round(L2 + round(w * L4)));
  const even = round(z * round(L1 + round(w * L3)));
  const R = round(odd + even);
  const halfSquare = round(round(f * 0.5) * f);
  const low = round(round(k * LN2_LOW) + correction);
  const tail = round(round(s * round(halfSquare + R)) + low);
  return round(round(k * LN2_HIGH) - round(round(halfSquare - tail) - f));
}

/** Natural logarithm in f32; error below 1 ulp or so. log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf. */
export function logF32(x: number): number {
  const denormal = x < SMALLEST_NORMAL;
  const scaled = denormal ? round(x * TWO_23) : x;
  const shifted = (bitsOfF32(scaled) + (ONE - SQRT_HALF)) | 0;
  const k = (shifted >> 23) - 127 - (denormal ? 23 : 0);
  const mantissa = f32FromBits((shifted & 0x007fffff) + SQRT_HALF);
  let result = logOfReduced(round(mantissa - 1), k, 0);
  result = x < Infinity ? result : x;
  result = x === 0 ? -Infinity : result;
  return x < 0 ? NaN : result;
}

/** Below this magnitude log(1 + x) is x in f32. */
const TINY = f32FromBits(0x33000000);

/**
 * log(1 + x) in f32, accurate near 0; error below 1 ulp or so. log1p(-1) = -inf, log1p(x < -1) = NaN, log1p(-0) = -0.
 */
export function log1pF32(x: number): number {
  const u = round(1 + x);
  const shifted = (bitsOfF32(u) + (ONE - SQRT_HALF)) | 0;
  const k = (shifted >> 23) - 127;
  const mantissa = f32FromBits((shifted & 0x007fffff) + SQRT_HALF);
  // The rounding error of 1 + x, relative to u. If k is 0, x itself is the reduced argument and nothing was lost.
  const lost = x < 1 ? round(x - round(u - 1)) : round(1 - round(u - x));
  const correction = k === 0 ? 0 : round(lost / u);
  const f = k === 0 ? x : round(mantissa - 1);
  let result = logOfReduced(f, k, correction);
  result = Math.abs(x) < TINY ? x : result;
  result = x < Infinity ? result : x;
  result = x === -1 ? -Infinity : result;
  return x < -1 ? NaN : result;
}
