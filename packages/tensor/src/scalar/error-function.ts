import { expF32 } from "./exp-f32.ts";
import { expF64 } from "./exp-f64.ts";
import { log1pF64 } from "./log-f64.ts";

/*
 * The inverse error function by Giles's single-precision approximation ("Approximating the erfinv function", GPU
 * Computing Gems 2010): relative error about 4e-7, for
 * |x| up to 1 - 2^-24 or so.
 */

/** Coefficients of powers of w - 2.5, highest first, for w = -log(1 - x^2) below 5. */
export const inverseErrorCentre: readonly number[] = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 2.1858087e-4, -1.25372503e-3, -4.17768164e-3,
  0.246640727, 1.50140941,
];
/** Coefficients of powers of sqrt(w) - 3 from there on. */
export const inverseErrorTail: readonly number[] = [
  -2.00214257e-4, 1.00950558e-4, 1.34934322e-3, -3.67342844e-3, 5.73950773e-3, -7.6224613e-3, 9.43887047e-3, 1.00167406,
  2.83297682,
];

/** erfinv(x), -1 < x < 1. */
export function inverseErrorF64(x: number): number {
  const w = -log1pF64(-(x * x));
  return x * (w < 5 ? polynomial(inverseErrorCentre, w - 2.5) : polynomial(inverseErrorTail, Math.sqrt(w) - 3));
}

function polynomial(coefficients: readonly number[], t: number): number {
  return coefficients.reduce((sum, c) => t * sum + c);
}

/**
 * erf(x) by the series `2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 ... (2n + 1))`, to a few units in the last
 * place. All terms have the same sign, so nothing cancels. Beyond 6 it is 1 in double precision.
 */
export function errorFunctionF64(x: number): number {
  if (x !== x) return x;
  if (Math.abs(x) > 6) return x < 0 ? -1 : 1;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return 1.1283791670955126 * expF64(-x * x) * sum;
}

const round = Math.fround;

/*
 * The error function in single precision, in the order of operations of the WebAssembly kernel, which gives the same
 * bits. The polynomials are Norbert Juffa's (single-precision `erff`, NVIDIA developer forums, 2015).
 */

/** Of powers of x^2, highest first: erf(x) = x + x p(x^2) near 0. */
const errorCenter: readonly number[] = [
  -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1,
].map(round);
/** Of powers of |x|, highest first: erf|x| = 1 - exp(|x| p(|x|) - |x|) from {@link ERROR_TAIL} on. */
const errorTail: readonly number[] = [
  -1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1,
].map(round);
const ERROR_TAIL = 0.927734375;
/** From here on erf is 1 in f32; beyond it the tail's polynomial would turn back. */
const ERROR_ONE = 4;

/** erf(x) in f32; error below 2 ulp. erf(-0) = -0. */
export function errorFunctionF32(x: number): number {
  const magnitude = Math.abs(x);
  const a = ERROR_ONE < magnitude ? ERROR_ONE : magnitude;
  if (a > ERROR_TAIL) {
    const tail = 1 - expF32(round(round(polynomialF32(errorTail, a) * a) - a));
    return x < 0 ? -round(tail) : round(tail);
  }
  return round(x * round(polynomialF32(errorCenter, round(a * a)) + 1));
}

function polynomialF32(coefficients: readonly number[], t: number): number {
  return coefficients.reduce((sum, c) => round(round(t * sum) + c));
}
