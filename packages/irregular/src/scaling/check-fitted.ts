import { TensorError } from "@sluice/tensor";
import { hasMembers, shown } from "@sluice/tensor/internal";
import type { Variable } from "../records/observations.ts";

/** Throws an error if a value is not what was fitted, or has lost a part: JSON writes NaN as null. */
export function checkFitted(
  operation: string,
  fitted: { readonly variables: readonly unknown[]; readonly statics: readonly unknown[] },
  expected: string,
): void {
  const lists = hasMembers(fitted, { variables: "object", statics: "object" })
    ? [fitted.variables, fitted.statics]
    : [];
  const isPart = (part: unknown): boolean =>
    hasMembers(part, { variable: "object" }) && (hasNumbers(part, ["center", "spread"]) || hasNumbers(part, ["value"]));
  if (lists.length === 2 && lists.every((list) => Array.isArray(list) && list.every(isPart))) return;
  throw new TensorError(`${operation}: expected ${expected}, got ${shown(fitted)}`);
}

const hasNumbers = (part: unknown, names: readonly string[]): boolean =>
  typeof part === "object" && part !== null && names.every((name) => Number.isFinite(Reflect.get(part, name)));

/** Throws an error if these are not the variables that something was fitted to, in the same order and units. */
export function checkVariables(
  operation: string,
  parts: readonly { readonly variable: Variable }[],
  present: readonly Variable[],
): void {
  const fitted = parts.map(({ variable }) => variable);
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
