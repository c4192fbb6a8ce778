import { checkTensor } from "../arguments.ts";
import { abs, add, div, max, min, mul, neg, sign, stopGradient, sub } from "../primitives/arithmetic.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { reduceMax, sum } from "../primitives/reduce.ts";
import { exp, expm1, log, log1p, sigmoid } from "../primitives/transcendental.ts";
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

/** From here on sigmoid(x) rounds to 1 and sigmoid(-x) to 0. */
const SIGMOID_ONE = 750;

/** x sigmoid(x), also called swish; 0 and infinity at the infinities. */
export function silu(x: Tensor): Tensor {
  const inside = less(abs(x), SIGMOID_ONE);
  const within = select(inside, x, 0);
  return select(inside, mul(within, sigmoid(within)), relu(x));
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
