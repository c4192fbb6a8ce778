import { reshape, type Tensor } from "@sluice/tensor";
import { checkTensor, euclideanNorm, sizeOf } from "@sluice/tensor/internal";
import { batchAndTime } from "../steps.ts";

/**
 * The Euclidean norm of every row at every step: `[batch, time, ...]` to `[batch, time]`. Values are scaled before they
 * are squared, so norms down to 1e-38 are right in f32 although the square of 1e-30 underflows: you can see how far a
 * gradient has vanished. A NaN or infinity gives a norm that is NaN or infinity. Throws a TensorError if x has fewer
 * than two axes.
 */
export function stepNorms(x: Tensor): Tensor {
  checkTensor("stepNorms", "x", x);
  const [batch, time] = batchAndTime("stepNorms", x, "a tensor");
  return euclideanNorm(reshape(x, [batch, time, sizeOf(x.shape.slice(2))]), 2);
}
