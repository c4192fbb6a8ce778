import type { KernelBody } from "./body.ts";
import { name } from "./integers.ts";
import { float, type FloatScalar } from "./scalar.ts";

/*
 * Uses the device's exp and log, arranged so that nothing overflows and small arguments keep their digits. Written
 * inline, because gpu.js's WebAssembly leaves vector code for a call.
 */

/**
 * tanh |x| = (1 - e) / (1 + e), e = exp(-2 |x|), with the sign restored. Near 0, where 1 - e loses digits, a series.
 * gpu.js's own tanh is NaN on GPUs for |x| >= 89.
 */
export function tanh(body: KernelBody, x: string): FloatScalar {
  const e = name(body, `Math.exp(-2.0 * Math.abs(${x}))`);
  const magnitude = name(body, `(1.0 - ${e}) / (1.0 + ${e})`);
  const z = name(body, `${x} * ${x}`);
  const series = name(
    body,
    `${x} + ${x} * ${z} * (${z} * (${z} * (${z} * 0.02186948853615 - 0.05396825396825) + 0.13333333333333) - 0.33333333333333)`,
  );
  return float(name(body, `${z} < 0.09 ? ${series} : (${x} < 0.0 ? -${magnitude} : ${magnitude})`));
}

/** exp(x) - 1. Near 0, where that loses digits, a series. */
export function expm1(body: KernelBody, x: string): FloatScalar {
  const inner = `1.0 + ${x} * (0.5 + ${x} * (0.16666666666667 + ${x} * (0.04166666666667 + ${x} * (0.00833333333333 + ${x} * (0.00138888888889 + ${x} * (0.00019841269841 + ${x} * 0.0000248015873))))))`;
  const series = name(body, `${x} * (${inner})`);
  return float(name(body, `(${x} > -0.5 && ${x} < 0.5) ? ${series} : Math.exp(${x}) - 1.0`));
}

/** 1 / (1 + exp(-|x|)) for x >= 0, exp(-|x|) / (1 + exp(-|x|)) below. */
export function sigmoid(body: KernelBody, x: string): FloatScalar {
  const e = name(body, `Math.exp(-Math.abs(${x}))`);
  return float(name(body, `(${x} < 0.0 ? ${e} : 1.0) / (1.0 + ${e})`));
}

/** Below 0 the result is NaN, from the square root: the log of a negative number differs between devices. */
export function log(body: KernelBody, x: string): FloatScalar {
  return float(name(body, `${x} < 0.0 ? Math.sqrt(${x}) : Math.log(${x})`));
}

/** log(1 + x) = 2 artanh(s), s = x / (2 + x), near 0. */
export function log1p(body: KernelBody, x: string): FloatScalar {
  const s = name(body, `${x} / (2.0 + ${x})`);
  const z = name(body, `${s} * ${s}`);
  const series = name(
    body,
    `2.0 * ${s} + 2.0 * ${s} * ${z} * (0.33333333333333 + ${z} * (0.2 + ${z} * (0.14285714285714 + ${z} * (0.11111111111111 + ${z} * 0.09090909090909))))`,
  );
  const direct = log(body, name(body, `1.0 + ${x}`)).code;
  return float(name(body, `(${x} > -0.3 && ${x} < 0.4) ? ${series} : ${direct}`));
}

/** A polynomial in `t` of coefficients from the highest power down. */
const polynomial = (coefficients: readonly string[], t: string): string =>
  coefficients.reduce((sum, c) => (sum === "" ? c : `(${sum}) * ${t} + (${c})`), "");

/**
 * sin x, or cos x with `shift` 1: quarter turns are taken off in three parts of pi/2, then a polynomial. The error is
 * about 1e-7 up to |x| = 8000 and grows with |x| from there; a device's own sine is less accurate.
 */
export function sine(body: KernelBody, given: string, shift: 0 | 1): FloatScalar {
  const x = name(body, `Math.abs(${given}) < 2147483648.0 ? ${given} : ${given} * 0.0`);
  const n = name(body, `Math.floor(${x} * 0.636619772367581 + 0.5)`);
  const r = name(body, `((${x} - ${n} * 1.5703125) - ${n} * 0.000483751296997) - ${n} * 0.0000000754978995489`);
  const z = name(body, `${r} * ${r}`);
  const half = name(body, shift === 0 ? `${n} * 0.5` : `(${n} + 1.0) * 0.5`);
  const odd = name(body, `${half} - Math.floor(${half})`);
  const turn = name(body, `Math.floor(${half}) * 0.5`);
  const back = name(body, `${turn} - Math.floor(${turn})`);
  const sin = name(
    body,
    `${r} + ${r} * ${z} * (${polynomial(["-0.000195152959", "0.00833216087", "-0.166666546"], z)})`,
  );
  const cos = name(
    body,
    `1.0 - ${z} * 0.5 + ${z} * ${z} * (${polynomial(["0.0000244331571", "-0.00138873162", "0.0416666456"], z)})`,
  );
  const y = name(body, `${odd} > 0.25 ? ${cos} : ${sin}`);
  return float(name(body, `${back} > 0.25 ? -${y} : ${y}`));
}

/** erf(x), as the reference: x + x p(x^2) near 0, and 1 - exp(q(|x|)) from there on. */
export function erf(body: KernelBody, x: string): FloatScalar {
  const a = name(body, `Math.abs(${x}) > 4.0 ? 4.0 : Math.abs(${x})`);
  const z = name(body, `${a} * ${a}`);
  const center = ["-0.000596761703", "0.00499119423", "-0.0267681349", "0.112819925", "-0.376125336", "0.128379166"];
  const tail = [
    "-0.000017285347",
    "0.000383197126",
    "-0.00388396438",
    "0.0242546219",
    "-0.106777877",
    "-0.634846687",
    "-0.128717512",
  ];
  const outer = name(body, `1.0 - Math.exp((${polynomial(tail, a)}) * ${a} - ${a})`);
  const inner = name(body, `${x} + ${x} * (${polynomial(center, z)})`);
  return float(name(body, `${a} > 0.927734375 ? (${x} < 0.0 ? -${outer} : ${outer}) : ${inner}`));
}

/**
 * x^y = exp(y log|x|), 1 where that is exact, and the sign, or NaN, of negative x. The relative error is about
 * |y log x| 1e-7. Zeros have no sign.
 */
export function pow(body: KernelBody, x: string, y: string): FloatScalar {
  const magnitude = name(body, `Math.abs(${x})`);
  const power = name(body, `Math.exp(${y} * Math.log(${magnitude}))`);
  const one = name(body, `(${magnitude} === 1.0 && ${y} === ${y}) ? 1.0 : ${power}`);
  const half = name(body, `${y} * 0.5`);
  const whole = name(body, `Math.floor(${y}) === ${y} ? 1.0 : 0.0`);
  const signed = name(body, `(${whole} > 0.5 && !(Math.floor(${half}) === ${half})) ? -${one} : ${one}`);
  const finite = name(body, `(${magnitude} < 3.4028235e38 && ${whole} < 0.5) ? Math.sqrt(${x}) * 0.0 : ${signed}`);
  const ofNegative = name(body, `${x} < 0.0 ? ${finite} : ${one}`);
  return float(name(body, `(${x} === 1.0 || ${y} === 0.0) ? 1.0 : ${ofNegative}`));
}
