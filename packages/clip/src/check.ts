import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

export function checkPositive(operation: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new TensorError(`${operation}: expected a finite ${name} above 0, got ${shown(value)}`);
}
