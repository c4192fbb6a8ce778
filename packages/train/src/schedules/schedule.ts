import { TensorError, type Tensor } from "@sluice/tensor";

/**
 * A value that changes over training: a function of the number of steps made so far, a float scalar (0 at the first),
 * that returns a scalar of its dtype.
 */
export type Schedule = (step: Tensor) => Tensor;

export function checkSteps(operation: string, name: string, steps: number): void {
  if (!(steps > 0 && steps < Infinity)) throw new TensorError(`${operation}: expected ${name} above 0, got ${steps}`);
}
