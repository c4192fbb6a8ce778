import { TensorError } from "@sluice/tensor";
import type { Variable } from "../records/observations.ts";

/** Throws an error if these are not the variables that something was fitted to, in the same order and units. */
export function checkVariables(operation: string, fitted: readonly Variable[], present: readonly Variable[]): void {
  const same = ({ name, unit, categories }: Variable, other: Variable | undefined): boolean =>
    name === other?.name && unit === other.unit && String(categories) === String(other.categories);
  if (fitted.length === present.length && fitted.every((variable, i) => same(variable, present[i]))) return;
  throw new TensorError(
    `${operation}: it was fitted to ${listed(fitted)}, but the data have ${listed(present)}; they must be the same, in the same order`,
  );
}

function listed(variables: readonly Variable[]): string {
  if (variables.length === 0) return "no variables";
  return variables
    .map(({ name, unit, categories }) =>
      [name, unit && `[${unit}]`, categories && `(${categories.join("/")})`].filter(Boolean).join(" "),
    )
    .join(", ");
}
