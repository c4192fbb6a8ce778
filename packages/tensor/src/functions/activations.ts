import { checkTensor } from "../arguments.ts";
import { abs, add, div, max, min, mul, neg, stopGradient, sub } from "../primitives/arithmetic.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { reduceMax, sum } from "../primitives/reduce.ts";
import { exp, log, log1p, sigmoid } from "../primitives/transcendental.ts";
import type { Tensor } from "../tensor.ts";

/** max(x, 0) */
export const relu = (x: Tensor): Tensor => max(x, 0);

/** x for x > 0, exp(x) - 1 below. */
export function elu(x: Tensor): Tensor {
  return select(less(0, x), x, sub(exp(min(0, x)), 1));
}

/** log(1 + exp(x)), without overflow. */
export function softplus(x: Tensor): Tensor {
  // max(x, 0) + log1p(exp(-|x|)), with -|x| as min - max: in the tie at 0 min passes the gradient on to x, which makes it 1/2 there.
  const positive = max(x, 0);
  return add(positive, log1p(exp(sub(min(0, x), positive))));
}

/** log(sigmoid(x)), without overflow. */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));

/** x / (1 + |x|) */
export const softsign = (x: Tensor): Tensor => div(x, add(abs(x), 1));

/** x sigmoid(x), also called swish. */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));

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
