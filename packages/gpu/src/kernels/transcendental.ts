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
