import type { ScanOperation } from "../primitives/operation.ts";

/** A scan's inputs, or its body's, by their roles. */
export interface ScanParts<T> {
  readonly captures: readonly T[];
  readonly states: readonly T[];
  readonly sequences: readonly T[];
}

/** A scan's inputs by their roles; also the inputs of its body. */
export function split<T>(operation: Pick<ScanOperation, "captures" | "states">, inputs: readonly T[]): ScanParts<T> {
  const { captures, states } = operation;
  return {
    captures: inputs.slice(0, captures),
    states: inputs.slice(captures, captures + states),
    sequences: inputs.slice(captures + states),
  };
}
