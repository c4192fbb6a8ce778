/** Complex numbers as pairs of tensors, and the discretizations of diagonal state space models. */
import { add, broadcastTo, cos, div, exp, expm1, mul, neg, sin, sub, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";

/** The real and the imaginary part, of one shape. */
export interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

/** The product, element by element. */
export const times = (a: Complex, b: Complex): Complex => ({
  re: sub(mul(a.re, b.re), mul(a.im, b.im)),
  im: add(mul(a.re, b.im), mul(a.im, b.re)),
});

/** 1 / a, element by element. */
function inverse({ re, im }: Complex): Complex {
  const size = add(mul(re, re), mul(im, im));
  return { re: div(re, size), im: div(neg(im), size) };
}

/** The product with a real tensor. */
export const scaled = (a: Complex, by: Tensor | number): Complex => ({ re: mul(a.re, by), im: mul(a.im, by) });

/** exp(size) (cos(angle) + i sin(angle)). */
export const polar = (size: Tensor, angle: Tensor): Complex => ({
  re: mul(exp(size), cos(angle)),
  im: mul(exp(size), sin(angle)),
});

/** What all rows share, given to each row of `x` `[batch, ...]`. */
export const toRows = (y: Tensor, x: Tensor): Tensor => broadcastTo(y, [axisSize(x, 0), ...y.shape]);

/** How a continuous state space model becomes steps: zero-order hold, or the bilinear rule. */
export type Discretization = "zoh" | "bilinear";

/** An error where a cell is given another name of a discretization. */
export function checkDiscretization(cell: string, given: Discretization): void {
  if (given !== "zoh" && given !== "bilinear")
    throw new TensorError(
      `${cell}: unknown discretization ${String(given)}; ${suggestion(String(given), ["zoh", "bilinear"])}`,
    );
}

/**
 * The steps `h_t = a h_{t-1} + gain B u_t` of `h' = A h + B u` with a diagonal A, by elements, over a time `delta`:
 *
 *     a = exp(delta A)                            gain = (exp(delta A) - 1) / A              zoh
 *     a = (1 + delta A / 2) / (1 - delta A / 2)   gain = delta / (1 - delta A / 2)           bilinear
 */
export function discretized(
  A: Complex,
  delta: Tensor,
  method: Discretization,
): { readonly a: Complex; readonly gain: Complex } {
  const step = scaled(A, delta);
  if (method === "zoh") return { a: polar(step.re, step.im), gain: times(expMinusOne(step), inverse(A)) };
  const half = scaled(step, 0.5);
  const below = inverse({ re: sub(1, half.re), im: neg(half.im) });
  return { a: times({ re: add(1, half.re), im: half.im }, below), gain: scaled(below, delta) };
}

/** exp(z) - 1 without cancellation near 0: its real part is expm1(re) cos(im) - 2 sin(im / 2)^2. */
function expMinusOne({ re, im }: Complex): Complex {
  const half = sin(mul(im, 0.5));
  return { re: sub(mul(expm1(re), cos(im)), mul(mul(half, half), 2)), im: mul(exp(re), sin(im)) };
}
