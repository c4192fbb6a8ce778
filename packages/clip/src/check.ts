import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

export function checkPositive(operation: string, name: string, value: number): void {
  if (!(typeof value === "number" && value > 0 && value < Infinity))
    throw new TensorError(`${operation}: expected a finite ${name} above 0, got ${shown(value)}`);
}

export function checkCount(operation: string, name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= 2147483647))
    throw new TensorError(`${operation}: expected ${name} as an integer >= 1, got ${value}`);
}
