import { div, mul, tanh, add, type Tensor } from "@sluice/tensor";
import { logF64 } from "@sluice/tensor/internal";

/**
 * `1 - beta^t` for t >= 1 (a float scalar), to a few units in the last place of its dtype. With `v = tanh(-t log(beta)
 * / 2)` it is `2 v / (1 + v)`. The plain form loses digits twice: rounding beta to f32 leaves `1 - 0.999` with an error
 * of 1e-5, and the subtraction magnifies the error of the power.
 */
export function biasCorrection(beta: number, t: Tensor): Tensor {
  if (beta === 0) return add(mul(t, 0), 1);
  const v = tanh(mul(t, -logF64(beta) / 2));
  return div(mul(v, 2), add(v, 1));
}
