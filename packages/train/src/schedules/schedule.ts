import type { Tensor } from "@sluice/tensor";

/**
 * A value that changes during training: a function from the number of steps so far, a float scalar (0 at the first
 * step), to a scalar of the same dtype.
 */
export type Schedule = (step: Tensor) => Tensor;
