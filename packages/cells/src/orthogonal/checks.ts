import { TensorError } from "@sluice/tensor";

/** Checks an option that must be a finite number above 0, such as the size of a step. */
export function checkPositive(cell: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(value > 0 && value < Infinity))
      throw new TensorError(`${cell}: ${name} must be a finite number above 0, got ${String(value)}`);
}

/** Checks an option that must be a finite number of at least 0, such as a damping. */
export function checkNotNegative(cell: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(value >= 0 && value < Infinity))
      throw new TensorError(`${cell}: ${name} must be a finite number of at least 0, got ${String(value)}`);
}
