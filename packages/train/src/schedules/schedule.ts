import { TensorError, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/**
 * A value that changes during training: a function from the number of steps so far, a float scalar (0 at the first
 * step), to a scalar of the same dtype.
 */
export type Schedule = (step: Tensor) => Tensor;

export function checkSteps(operation: string, name: string, steps: number): void {
  if (!(steps > 0 && steps < Infinity))
    throw new TensorError(`${operation}: expected ${name} above 0, got ${shown(steps)}`);
}
