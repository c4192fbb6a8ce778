/** The user's initializers, regularizers and constraints; each applies to all weights of a role. */
import { TensorError } from "@sluice/tensor";
import type { CellSizes } from "../cell/cell.ts";
import type { CellOptions } from "./cell-options.ts";
import { reparametrized, weightLeaves, type ParameterSpec, type ReparametrizedSpec, type Specs } from "@sluice/params";

const perRole = {
  kernel: ["kernelInitializer", "kernelRegularizer", "kernelConstraint"],
  recurrent: ["recurrentInitializer", "recurrentRegularizer", "recurrentConstraint"],
  bias: ["biasInitializer", "biasRegularizer", "biasConstraint"],
} as const;

/** Rejects an initializer, regularizer or constraint for a role that no weight has. */
export function checkRoles(name: string, declared: Specs, given: CellOptions): void {
  const roles = new Set<string>(weightLeaves(declared).map(({ spec }) => weightOf(spec).role));
  for (const [role, options] of Object.entries(perRole)) {
    const idle = roles.has(role) ? undefined : options.find((option) => given[option] !== undefined);
    if (idle !== undefined)
      throw new TensorError(
        `${name}: ${idle} would change nothing, since no parameter has the role ${role}; there are ${[...roles].join(", ") || "none"}`,
      );
  }
}

/** The weight's spec with what the user chose for its role. */
export function chooseFor(
  spec: ParameterSpec | ReparametrizedSpec,
  sizes: CellSizes,
  given: CellOptions,
): ParameterSpec | ReparametrizedSpec {
  if (spec.kind === "reparametrized") return reparametrized(withChosen(spec.weight, sizes, given), ...spec.by);
  return withChosen(spec, sizes, given);
}

function withChosen(spec: ParameterSpec, sizes: CellSizes, given: CellOptions): ParameterSpec {
  const initializer = chosenInitializer(spec, given);
  const regularizer = ofRole(spec, given.kernelRegularizer, given.recurrentRegularizer, given.biasRegularizer);
  const constraint = ofRole(spec, given.kernelConstraint, given.recurrentConstraint, given.biasConstraint);
  return {
    ...spec,
    sizes: spec.sizes ?? sizes,
    ...(initializer === undefined ? {} : { initializer }),
    ...(regularizer === undefined ? {} : { regularizer }),
    ...(constraint === undefined ? {} : { constraint }),
  };
}

export function chosenInitializer(
  spec: ParameterSpec | ReparametrizedSpec,
  given: CellOptions,
): ParameterSpec["initializer"] | undefined {
  return ofRole(weightOf(spec), given.kernelInitializer, given.recurrentInitializer, given.biasInitializer);
}

function ofRole<T>({ role }: ParameterSpec, kernel: T, recurrent: T, bias: T): T | undefined {
  return { kernel, recurrent, bias, norm: undefined, other: undefined }[role];
}

const weightOf = (spec: ParameterSpec | ReparametrizedSpec): ParameterSpec =>
  spec.kind === "reparametrized" ? spec.weight : spec;
