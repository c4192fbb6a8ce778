import { abs, div, greater, less, mul, reduceMax, reshape, select, sizeOf, sqrt, square, sum, type Tensor } from "@sluice/tensor";
import { batchAndTime } from "./steps.ts";

/**
 * The Euclidean norm of every row at every step: `[batch, time, ...]` to `[batch, time]`, as `m |x / m|` with m the largest magnitude. So a gradient of
 * 1e-30, whose square f32 does not hold, still has its norm: how far a gradient has vanished can be seen down to 1e-38. NaN and infinity stay what they are.
 */
export function stepNorms(x: Tensor): Tensor {
  const [batch, time] = batchAndTime("stepNorms", x, "a tensor");
  const flat = reshape(x, [batch, time, sizeOf(x.shape.slice(2))]);
  const largest = reduceMax(abs(flat), 2, { keep: true });
  const scale = select(greater(largest, 0), largest, 1);
  const m = reshape(largest, [batch, time]);
  return select(less(m, Infinity), mul(m, sqrt(sum(square(div(flat, scale)), 2))), m);
}
