import { type Expression, f32x4, i32x4, v128 } from "../assembler/index.ts";

/*
 * Logarithms of four floats at a time. The algorithms, constants and order of operations are those of
 * `scalar/log-f32.ts` in @sluice/tensor, which explains them, so the bits are the same.
 */
type Vector = Expression<"v128">;

const LN2_HIGH = 6.9313812256e-1;
const LN2_LOW = 9.0580006145e-6;
const L1 = 0.66666662693;
const L2 = 0.40000972152;
const L3 = 0.28498786688;
const L4 = 0.24279078841;
const SQRT_HALF = 0x3f3504f3;
const ONE = 0x3f800000;
const SMALLEST_NORMAL = 1.1754943508222875e-38;
const TINY = 2.9802322387695312e-8; // 2^-25

/** The bits of x, shifted so that the exponent field counts from sqrt(1/2). */
function shiftedBits(x: Vector): Vector {
  return i32x4.add(x, i32x4.const(ONE - SQRT_HALF));
}

function mantissaOf(shifted: Vector): Vector {
  return i32x4.add(v128.and(shifted, i32x4.const(0x007fffff)), i32x4.const(SQRT_HALF));
}

function logOfReduced(f: Vector, k: Vector, correction: Vector): Vector {
  const s = f32x4.div(f, f32x4.add(f, 2));
  const z = f32x4.mul(s, s);
  const w = f32x4.mul(z, z);
  const odd = f32x4.mul(w, f32x4.add(f32x4.mul(w, L4), L2));
  const even = f32x4.mul(z, f32x4.add(f32x4.mul(w, L3), L1));
  const R = f32x4.add(odd, even);
  const halfSquare = f32x4.mul(f32x4.mul(f, 0.5), f);
  const low = f32x4.add(f32x4.mul(k, LN2_LOW), correction);
  const tail = f32x4.add(f32x4.mul(s, f32x4.add(halfSquare, R)), low);
  return f32x4.sub(f32x4.mul(k, LN2_HIGH), f32x4.sub(f32x4.sub(halfSquare, tail), f));
}

/** `result`, except: x if x is infinite or NaN, -inf if x is `pole`, NaN below it. */
function withSpecialValues(result: Vector, x: Vector, pole: number): Vector {
  const finite = v128.bitselect(result, x, f32x4.lt(x, Infinity));
  const atPole = v128.bitselect(f32x4.const(-Infinity), finite, f32x4.eq(x, pole));
  return v128.bitselect(f32x4.const(NaN), atPole, f32x4.lt(x, pole));
}

/** f and k with x = (1 + f) 2^k, for positive x: 1 + f is in [sqrt(1/2), sqrt 2), and k an integer. */
export function floatParts(x: Vector): { readonly f: Vector; readonly k: Vector } {
  const denormal = f32x4.lt(x, SMALLEST_NORMAL);
  const shifted = shiftedBits(v128.bitselect(f32x4.mul(x, 8388608), x, denormal));
  const exponent = i32x4.sub(i32x4.sub(i32x4.shrS(shifted, 23), 127), v128.and(denormal, i32x4.const(23)));
  return { f: f32x4.sub(mantissaOf(shifted), 1), k: f32x4.convertI32x4S(exponent) };
}

/** Natural logarithm. */
export function log(x: Vector): Vector {
  const { f, k } = floatParts(x);
  return withSpecialValues(logOfReduced(f, k, f32x4.const(0)), x, 0);
}

/** log(1 + x). */
export function log1p(x: Vector): Vector {
  const u = f32x4.add(x, 1);
  const shifted = shiftedBits(u);
  const exponent = i32x4.sub(i32x4.shrS(shifted, 23), 127);
  const unscaled = i32x4.eq(exponent, 0);
  const lost = v128.bitselect(f32x4.sub(x, f32x4.sub(u, 1)), f32x4.sub(1, f32x4.sub(u, x)), f32x4.lt(x, 1));
  const correction = v128.andnot(f32x4.div(lost, u), unscaled);
  const f = v128.bitselect(x, f32x4.sub(mantissaOf(shifted), 1), unscaled);
  const result = logOfReduced(f, f32x4.convertI32x4S(exponent), correction);
  return withSpecialValues(v128.bitselect(x, result, f32x4.lt(f32x4.abs(x), TINY)), x, -1);
}
