import { reshape, type Tensor } from "@sluice/tensor";
import { checkTensor, euclideanNorm, sizeOf } from "@sluice/tensor/internal";
import { batchAndTime } from "./steps.ts";

/**
 * The Euclidean norm of every row at every step: `[batch, time, ...]` to `[batch, time]`, with squares scaled. So a
 * gradient of 1e-30, whose square f32 does not hold, still has its norm: how far a gradient has vanished can be seen
 * down to 1e-38. NaN and infinity stay what they are.
 */
export function stepNorms(x: Tensor): Tensor {
  checkTensor("stepNorms", "x", x);
  const [batch, time] = batchAndTime("stepNorms", x, "a tensor");
  return euclideanNorm(reshape(x, [batch, time, sizeOf(x.shape.slice(2))]), 2);
}
