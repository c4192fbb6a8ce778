import { add, div, mean, sqrt, square, sub, type Tensor } from "@sluice/tensor";

/** `(x - mean) / sqrt(variance + epsilon)`, with the mean and the biased variance over the last axis. */
export function standardized(x: Tensor, epsilon: number): Tensor {
  const deviation = sub(x, mean(x, -1, { keep: true }));
  const variance = mean(square(deviation), -1, { keep: true });
  return div(deviation, sqrt(add(variance, epsilon)));
}
