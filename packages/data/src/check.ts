/** Checks options. */
import { TensorError } from "@sluice/tensor";
import { suggestion, shown } from "@sluice/tensor/internal";
import type { SplitSizes } from "./dataset.ts";

/** An integer of at least `least`. */
export function checkCount(operation: string, name: string, value: unknown, least = 1): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new TensorError(`${operation}: ${name} must be an integer >= ${least}, got ${shown(value)}`);
}

export function checkRange(operation: string, name: string, value: unknown, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new TensorError(`${operation}: ${name} must be a number from ${low} to ${high}, got ${shown(value)}`);
}

export function checkChoice<T extends string | number>(
  operation: string,
  name: string,
  value: T,
  choices: readonly T[],
): T {
  if (choices.includes(value)) return value;
  throw new TensorError(
    `${operation}: unknown ${name} ${String(value)}; ${suggestion(String(value), choices.map(String))}`,
  );
}

/** The given sizes, with defaults for the rest. Throws if together they exceed `available`. */
export function checkSizes(
  operation: string,
  given: SplitSizes,
  defaults: Required<SplitSizes>,
  available = Infinity,
): Required<SplitSizes> {
  const { train = defaults.train, validation = defaults.validation, test = defaults.test } = given;
  const sizes = { train, validation, test };
  for (const [name, size] of Object.entries(sizes)) checkCount(operation, name, size, 0);
  const total = train + validation + test;
  if (total > available) {
    throw new TensorError(
      `${operation}: train ${train}, validation ${validation} and test ${test} add up to ${total} examples, but only ${available} exist`,
    );
  }
  return sizes;
}
