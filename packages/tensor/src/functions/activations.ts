import { checkTensor } from "../arguments.ts";
import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { abs, add, div, max, min, mul, neg, sign, stopGradient, sub } from "../primitives/arithmetic.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { reduceMax, sum } from "../primitives/reduce.ts";
import { erf, exp, expm1, log, log1p, sigmoid } from "../primitives/transcendental.ts";
import { shown } from "../shown.ts";
import type { Tensor } from "../tensor.ts";

/** max(x, 0) */
export const relu = (x: Tensor): Tensor => max(x, 0);

/** x for x > 0, exp(x) - 1 below, accurate near 0. */
export function elu(x: Tensor): Tensor {
  return select(less(0, x), x, expm1(min(0, x)));
}

/** log(1 + exp(x)), without overflow. */
export function softplus(x: Tensor): Tensor {
  // max(x, 0) + log1p(exp(-|x|)), with -|x| written as min - max. In the tie at 0 min passes the gradient to x, which
  // makes the derivative 1/2 there.
  const positive = max(x, 0);
  return add(positive, log1p(exp(sub(min(0, x), positive))));
}

/** log(sigmoid(x)), without overflow. */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));

/** 2^54: from here on x / (1 + x) rounds to 1. */
const SOFTSIGN_ONE = 18014398509481984;

/** x / (1 + |x|); -1 and 1 at the infinities. */
export function softsign(x: Tensor): Tensor {
  const inside = less(abs(x), SOFTSIGN_ONE);
  const within = select(inside, x, 0);
  return select(inside, div(within, add(abs(within), 1)), sign(x));
}

/** From here on sigmoid(x) rounds to 1 and sigmoid(-x) to 0; so does the normal distribution function. */
const SATURATED = 750;

/** x sigmoid(x), also called swish; 0 and infinity at the infinities. */
export function silu(x: Tensor): Tensor {
  return gatedRelu(x, sigmoid);
}

/** x gate(x), and relu(x) where the gate is 0 or 1, rounded: at an infinity that product would be NaN. */
function gatedRelu(x: Tensor, gate: (x: Tensor) => Tensor): Tensor {
  const inside = less(abs(x), SATURATED);
  const within = select(inside, x, 0);
  return select(inside, mul(within, gate(within)), relu(x));
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /**
   * `"none"` (default): x Phi(x), with the distribution function of the normal distribution. `"tanh"`: Phi(x) taken to
   * be (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, which differs by at most 0.0005; PyTorch's name for it.
   */
  readonly approximate?: "none" | "tanh";
}

/** sqrt(1 / 2) */
const SQRT_HALF = 0.7071067811865476;
/** 2 sqrt(2 / pi) */
const TANH_SLOPE = 1.5957691216057308;

/**
 * x Phi(x), where Phi is the distribution function of the standard normal distribution (Hendrycks and Gimpel, "Gaussian
 * Error Linear Units", 2016); 0 and infinity at the infinities. For negative x, where 1 + erf(x / sqrt(2)) loses
 * digits, the error in f32 is about 1e-7 |x|.
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkTensor("gelu", "x", x);
  checkOptions("gelu", options, ["approximate"], { approximation: "approximate" });
  const { approximate = "none" } = options;
  switch (approximate) {
    case "none":
      return gatedRelu(x, (v) => mul(add(erf(mul(v, SQRT_HALF)), 1), 0.5));
    case "tanh":
      // (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits for negative x.
      return gatedRelu(x, (v) => sigmoid(mul(mul(v, add(mul(mul(v, v), 0.044715), 1)), TANH_SLOPE)));
    default:
      throw new TensorError(`gelu: approximate is ${shown(approximate)}, expected "none" or "tanh"`);
  }
}

/** Keras's piecewise line: min(max(x / 6 + 1/2, 0), 1). */
export const hardSigmoid = (x: Tensor): Tensor => min(max(add(div(x, 6), 0.5), 0), 1);

/** exp(x) / sum(exp(x)) along an axis (default the last), shifted by the largest element. */
export function softmax(x: Tensor, axis = -1): Tensor {
  checkTensor("softmax", "x", x);
  if (x.shape.at(axis) === 0) return x;
  const e = exp(sub(x, stopGradient(reduceMax(x, axis, { keep: true }))));
  return div(e, sum(e, axis, { keep: true }));
}

/** log(softmax(x)), without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  checkTensor("logSoftmax", "x", x);
  if (x.shape.at(axis) === 0) return x;
  const shifted = sub(x, stopGradient(reduceMax(x, axis, { keep: true })));
  return sub(shifted, log(sum(exp(shifted), axis, { keep: true })));
}
