import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

export function checkSize(name: string, size: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new TensorError(`${name}: ${size} must be an integer >= 1, got ${shown(value)}`);
}
