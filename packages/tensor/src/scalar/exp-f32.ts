import { f32FromBits } from "./bits.ts";

/*
 * The exponential in single precision, with the same operations in the same order, and so the same bits, as the
 * WebAssembly kernels. Range reduction and polynomial are from Cephes (S. L. Moshier, `expf.c`).
 */
const round = Math.fround;

const LOG2_E = round(1.44269504088896341);
/** 1.5 * 2^23: adding it rounds to the nearest integer, which then stands in the low bits. */
const ROUNDER = 12582912;
/** ln 2 in two parts; a product of the first with |n| < 2^14 is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = round(-2.1219444e-4);

const P0 = round(1.98756915e-4);
const P1 = round(1.3981999507e-3);
const P2 = round(8.3334519073e-3);
const P3 = round(4.1665795894e-2);
const P4 = round(1.6666665459e-1);
const P5 = round(5.0000001201e-1);

/** The integer n nearest to x / ln 2, for |x| < 2^20 or so. */
function nearestPower(x: number): number {
  return round(round(round(x * LOG2_E) + ROUNDER) - ROUNDER);
}

/** e^r - 1 where r = x - n ln 2. */
function expm1Reduced(x: number, n: number): number {
  const r = round(round(x - round(n * LN2_HIGH)) - round(n * LN2_LOW));
  let p = round(round(P0 * r) + P1);
  p = round(round(p * r) + P2);
  p = round(round(p * r) + P3);
  p = round(round(p * r) + P4);
  p = round(round(p * r) + P5);
  return round(round(p * round(r * r)) + r);
}

function powerOfTwoF32(n: number): number {
  return f32FromBits((n + 127) << 23);
}

/** Beyond these arguments the result is infinity or zero. */
const LARGEST = 89;
const SMALLEST = -104;

/** e^x in f32; error below 1 ulp or so. exp(-inf) = 0, exp(inf) = inf. */
export function expF32(x: number): number {
  let clamped = LARGEST < x ? LARGEST : x;
  clamped = clamped < SMALLEST ? SMALLEST : clamped;
  const n = nearestPower(clamped);
  const mantissa = round(expm1Reduced(clamped, n) + 1);
  // Two factors, because 2^n alone may be too large or too small for a float.
  const half = n >> 1;
  return round(round(mantissa * powerOfTwoF32(half)) * powerOfTwoF32(n - half));
}

/** Below this magnitude e^x - 1 rounds to x: 2^-25. */
const EXPM1_SMALLEST = 2.9802322387695312e-8;
/** Below this e^x - 1 rounds to -1. */
const EXPM1_LOWEST = -20;

/**
 * e^x - 1 in f32, accurate near 0; error below 2 ulp. With r = x - n ln 2, half of it is (e^r - 1) 2^(n-1) + (2^(n-1) -
 * 1/2): half, because 2^n may be too large for a float.
 */
export function expm1F32(x: number): number {
  if (Math.abs(x) < EXPM1_SMALLEST) return x;
  let clamped = LARGEST < x ? LARGEST : x;
  clamped = clamped < EXPM1_LOWEST ? EXPM1_LOWEST : clamped;
  const n = nearestPower(clamped);
  const power = powerOfTwoF32(n - 1);
  const half = round(round(expm1Reduced(clamped, n) * power) + round(power - 0.5));
  return round(half + half);
}

/** 2|x| beyond which tanh is 1 in f32. */
const TANH_LARGEST = 20;

/**
 * tanh x in f32 = t / (t + 2) with t = e^(2|x|) - 1, and the sign of x; error below 2 ulp. For small x, n is 0 and t
 * keeps its relative accuracy.
 */
export function tanhF32(x: number): number {
  const magnitude = Math.abs(x);
  const doubled = round(magnitude + magnitude);
  const clamped = TANH_LARGEST < doubled ? TANH_LARGEST : doubled;
  const n = nearestPower(clamped);
  const power = powerOfTwoF32(n);
  const t = round(round(expm1Reduced(clamped, n) * power) + round(power - 1));
  const result = round(t / round(t + 2));
  return x < 0 || Object.is(x, -0) ? -result : result;
}

/**
 * The logistic function 1 / (1 + e^-x) in f32; error below 2 ulp. It is computed from e^-|x|, so that it is as accurate
 * for large negative x, where it tends to e^x, down to the denormals.
 */
export function sigmoidF32(x: number): number {
  const e = expF32(-Math.abs(x));
  return round((x < 0 ? e : 1) / round(e + 1));
}
