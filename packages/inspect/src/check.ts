/** Checks options. */
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/** An integer of at least `least`. */
export function checkCount(operation: string, name: string, value: unknown, least = 1): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new TensorError(`${operation}: ${name} must be an integer >= ${least}, got ${shown(value)}`);
}

/** A finite number of at least 0, or above 0. */
export function checkSize(operation: string, name: string, value: unknown, { positive = false } = {}): number {
  if (typeof value === "number" && value < Infinity && (positive ? value > 0 : value >= 0)) return value;
  throw new TensorError(
    `${operation}: ${name} must be a finite number ${positive ? "above 0" : "of at least 0"}, got ${shown(value)}`,
  );
}
