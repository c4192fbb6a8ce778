import { shown } from "@sluice/tensor/internal";
import { TensorError } from "@sluice/tensor";

export function checkFraction(operation: string, name: string, value: number): void {
  if (!(typeof value === "number" && value >= 0 && value < 1))
    throw new TensorError(`${operation}: expected ${name} in [0, 1), got ${shown(value)}`);
}

export function checkNotNegative(operation: string, name: string, value: number): void {
  if (!(typeof value === "number" && value >= 0 && value < Infinity))
    throw new TensorError(`${operation}: expected a finite ${name} >= 0, got ${shown(value)}`);
}

export function checkPositive(operation: string, name: string, value: number): void {
  if (!(typeof value === "number" && value > 0 && value < Infinity))
    throw new TensorError(`${operation}: expected ${name} above 0, got ${shown(value)}`);
}

/** Throws unless a value that changes during training is a number or a function. */
export function checkValue(operation: string, name: string, value: unknown): void {
  if (typeof value !== "number" && typeof value !== "function")
    throw new TensorError(`${operation}: ${name} is ${shown(value)}, expected a number or a schedule`);
}
