import { shown } from "@sluice/tensor/internal";
import { TensorError } from "@sluice/tensor";

export function checkFraction(operation: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new TensorError(`${operation}: expected ${name} in [0, 1), got ${shown(value)}`);
}

export function checkNotNegative(operation: string, name: string, value: number): void {
  if (!(value >= 0 && value < Infinity))
    throw new TensorError(`${operation}: expected a finite ${name} >= 0, got ${shown(value)}`);
}

export function checkPositive(operation: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new TensorError(`${operation}: expected ${name} above 0, got ${shown(value)}`);
}
