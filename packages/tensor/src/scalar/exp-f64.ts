import { powerOfTwo } from "./bits.ts";

/*
 * Exponentials in double precision, after fdlibm (`e_exp.c`, `s_expm1.c`, `s_tanh.c`; Sun Microsystems 1993); error
 * below 1 ulp.
 */

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;

const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;

/** y * 2^k, also where the result is denormal or close to the largest double. */
function scale(y: number, k: number): number {
  if (k > 1023) return y * 2 * powerOfTwo(k - 1);
  if (k < -1021) return y * powerOfTwo(k + 1000) * powerOfTwo(-1000);
  return y * powerOfTwo(k);
}

/** e^x. */
export function expF64(x: number): number {
  if (x !== x || x === Infinity) return x;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -745.13321910194110842) return 0;
  const magnitude = Math.abs(x);
  if (magnitude < 3.7252902984619140625e-9) return 1 + x; // 2^-28

  let k = 0;
  let high = x;
  let low = 0;
  if (magnitude > 0.34657359027997264) {
    k = Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * LN2_HIGH;
    low = k * LN2_LOW;
  }
  const r = high - low;
  const t = r * r;
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  return scale(1 - (low - (r * c) / (2 - c) - high), k);
}

const Q1 = -3.33333333333331316428e-2;
const Q2 = 1.58730158725481460165e-3;
const Q3 = -7.93650757867487942473e-5;
const Q4 = 4.00821782732936239552e-6;
const Q5 = -2.01099218183624371326e-7;

/** e^x - 1, accurate near 0. */
export function expm1F64(x: number): number {
  if (x !== x || x === Infinity) return x;
  if (x > 709.782712893383973096) return Infinity;
  if (x < -38.816242) return -1; // -56 ln 2
  const magnitude = Math.abs(x);
  if (magnitude < 5.5511151231257827e-17) return x; // 2^-54

  let k = 0;
  let r = x;
  let c = 0;
  if (magnitude > 0.34657359027997264) {
    k = Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
    const high = x - k * LN2_HIGH;
    const low = k * LN2_LOW;
    r = high - low;
    c = high - r - low;
  }
  const half = 0.5 * r;
  const halfSquare = r * half;
  const r1 = 1 + halfSquare * (Q1 + halfSquare * (Q2 + halfSquare * (Q3 + halfSquare * (Q4 + halfSquare * Q5))));
  const t = 3 - r1 * half;
  let e = halfSquare * ((r1 - t) / (6 - r * t));
  if (k === 0) return r - (r * e - halfSquare);
  e = r * (e - c) - c - halfSquare;
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k <= -2 || k > 56) return scale(1 - (e - r), k) - 1;
  if (k < 20) return scale(1 - powerOfTwo(-k) - (e - r), k);
  return scale(r - (e + powerOfTwo(-k)) + 1, k);
}

/** tanh x. tanh(-0) = -0. */
export function tanhF64(x: number): number {
  if (x !== x) return x;
  const magnitude = Math.abs(x);
  if (magnitude < 2.7755575615628914e-17) return x; // 2^-55
  let z = 1;
  if (magnitude < 22) {
    if (magnitude >= 1) {
      z = 1 - 2 / (expm1F64(2 * magnitude) + 2);
    } else {
      const t = expm1F64(-2 * magnitude);
      z = -t / (t + 2);
    }
  }
  return x < 0 ? -z : z;
}

/** The logistic function 1 / (1 + e^-x), as accurate for large negative x as elsewhere. */
export function sigmoidF64(x: number): number {
  const e = expF64(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
