import { scan, select, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTensor, describe, zerosArray } from "@sluice/tensor/internal";
import { observedOf, swapTime } from "./check.ts";

/**
 * Repeats the last observed value: `y_t = x_t` where observed, else `y_{t-1}`. Before the first observation y is
 * `initial` `[batch, variables]` (default zeros). x, mask and result are `[batch, time, variables]`. Where x was not
 * observed, its values, even NaN, reach neither the result nor a gradient.
 */
export function forwardFill(x: Tensor, mask: Tensor, options: { readonly initial?: Tensor } = {}): Tensor {
  checkOptions("forwardFill", options, ["initial"]);
  checkTensor("forwardFill", "x", x);
  const { initial } = options;
  if (x.shape.length !== 3)
    throw new TensorError(`forwardFill: expected x [batch, time, variables], got ${describe(x)}`);
  const observed = observedOf("forwardFill", mask, x);
  const start = initial ?? zerosArray([x.shape[0]!, x.shape[2]!], x.dtype);
  const { output } = scan(
    (last: Tensor, step: { readonly x: Tensor; readonly observed: Tensor }) => {
      const y = select(step.observed, step.x, last);
      return { state: y, output: y };
    },
    start,
    { x: swapTime(x), observed: swapTime(observed) },
  );
  return swapTime(output);
}
