import { add, mul, square, zipTrees, type Tensor, type Tree } from "@sluice/tensor";

/** `beta m + (1 - beta) x`, for every tensor x of a tree and its moving average m. */
export const movingAverage = <T extends Tree>(x: T, m: Tree, beta: number): T =>
  zipTrees(x, m, (value, old) => averaged(value, old, beta));

/** `beta v + (1 - beta) x^2`, for every tensor x of a tree and the moving average v of its squares. */
export const movingSquares = <T extends Tree>(x: T, v: Tree, beta: number): T =>
  zipTrees(x, v, (value, old) => averaged(square(value), old, beta));

const averaged = (value: Tensor, old: Tensor, beta: number): Tensor => add(mul(old, beta), mul(value, 1 - beta));
