import { applyOne, isArray } from "../apply.ts";
import type { Rules } from "../node.ts";
import type { Tensor } from "../tensor.ts";
import type { InputOperation, NameOperation } from "./operation.ts";

export const nameRules: Rules<NameOperation> = {
  op: "name",
  recompute: "view",
  infer: (_, [x]) => [{ shape: x.shape, dtype: x.dtype }],
  evaluate: (_, inputs) => inputs,
  gradient: ({ cotangents }) => ({ cotangents }),
};

/** The same tensor under a name that errors, printed programs and diagnoses use: `named("gru.reset", r)`. */
export function named(label: string, x: Tensor): Tensor {
  return isArray(x) ? x : applyOne(nameRules, { op: "name", label }, [x]);
}

export const inputRules: Rules<InputOperation> = {
  op: "input",
  recompute: "costly",
  infer: () => [],
  evaluate({ label }) {
    throw new Error(`input ${label} has no value here`);
  },
  gradient: () => ({ cotangents: [] }),
};
