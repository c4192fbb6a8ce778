import { floats } from "../dtype.ts";
import { customGradient } from "../gradient/custom.ts";
import { checkOptions } from "../options.ts";
import { abs, add, mul, stopGradient, sub } from "../primitives/arithmetic.ts";
import { equal, less } from "../primitives/comparison.ts";
import { checkDType } from "../arguments.ts";
import { select } from "../primitives/elementwise.ts";
import { reshape } from "../primitives/layout.ts";
import { normalizeAxes } from "../primitives/axes.ts";
import { reduceMax, sum } from "../primitives/reduce.ts";
import { exp, log } from "../primitives/transcendental.ts";
import type { Tensor } from "../tensor.ts";

/**
 * log(sum(exp(x))) over `axes` (default all), shifted by the largest element, so that nothing overflows. -infinity if
 * all elements are -infinity or there are none. Its gradient is softmax(x), or 0 if all elements are -infinity.
 */
export function logSumExp(
  x: Tensor,
  axes?: number | readonly number[],
  options: { readonly keep?: boolean } = {},
): Tensor {
  checkDType("logSumExp", floats, x);
  checkOptions("logSumExp", options, ["keep"], { keepdims: "keep", keepDims: "keep", keepdim: "keep" });
  const over = normalizeAxes("logSumExp", x, axes);
  const y = over.some((axis) => x.shape[axis] === 0) ? log(sum(exp(x), over, { keep: true })) : shifted(over)(x);
  return options.keep === true
    ? y
    : reshape(
        y,
        x.shape.filter((_, axis) => !over.includes(axis)),
      );
}

function shifted(axes: readonly number[]): (x: Tensor) => Tensor {
  return customGradient(
    (x: Tensor): Tensor => {
      const largest = stopGradient(reduceMax(x, axes, { keep: true }));
      const shift = select(less(abs(largest), Infinity), largest, 0);
      return add(log(sum(exp(sub(x, shift)), axes, { keep: true })), shift);
    },
    ({ args: [x], result, cotangent }) => [mul(cotangent, exp(sub(x, select(equal(result, -Infinity), 0, result))))],
  );
}
