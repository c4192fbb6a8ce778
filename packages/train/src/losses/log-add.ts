import {
  abs,
  add,
  customGradient,
  equal,
  exp,
  less,
  log1p,
  max,
  min,
  mul,
  select,
  sub,
  type Tensor,
} from "@sluice/tensor";

/**
 * log(exp(a) + exp(b)) of two tensors of one shape, without overflow; -Infinity if both are. Its gradient is the share
 * of each, and 0 if both are -Infinity.
 */
export const logAdd: (a: Tensor, b: Tensor) => Tensor = customGradient(
  (a: Tensor, b: Tensor): Tensor => {
    const [larger, smaller] = [max(a, b), min(a, b)];
    // Two equal infinities have no difference.
    const apart = select(equal(larger, smaller), 0, sub(smaller, larger));
    return select(less(abs(larger), Infinity), add(larger, log1p(exp(apart))), larger);
  },
  ({ args: [a, b], result, cotangent }) => {
    const shift = select(equal(result, -Infinity), 0, result);
    return [mul(cotangent, exp(sub(a, shift))), mul(cotangent, exp(sub(b, shift)))];
  },
);
