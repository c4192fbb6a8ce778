import { greater, select, sqrt, square, sum, type Tensor } from "@sluice/tensor";

/** The square root of x >= 0, whose gradient at 0 counts as 0. */
export function root(x: Tensor): Tensor {
  const positive = greater(x, 0);
  return select(positive, sqrt(select(positive, x, 1)), 0);
}

/** The Euclidean length of vectors along the last axis, `[..., 1]`. Its gradient at 0 counts as 0. */
export const lengthOf = (x: Tensor): Tensor => root(sum(square(x), -1, { keep: true }));
