import { TensorError } from "@sluice/tensor";

export function checkSize(name: string, size: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new TensorError(`${name}: ${size} must be an integer >= 1, got ${String(value)}`);
}
