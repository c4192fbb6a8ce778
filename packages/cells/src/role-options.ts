/** The user's initializers and regularizers, which are for all parameters of a role. */
import { TensorError } from "@sluice/tensor";
import type { CellSizes } from "./cell.ts";
import type { CellOptions } from "./definition.ts";
import { specsOf, type ParameterSpec, type Specs } from "@sluice/params";

const perRole = {
  kernel: ["kernelInitializer", "kernelRegularizer"],
  recurrent: ["recurrentInitializer", "recurrentRegularizer"],
  bias: ["biasInitializer", "biasRegularizer"],
} as const;

/** Rejects an initializer or regularizer for a role that no parameter has. */
export function checkRoles(name: string, declared: Specs, given: CellOptions): void {
  const roles = new Set<string>(specsOf(declared).map(({ spec }) => spec.role));
  for (const [role, options] of Object.entries(perRole)) {
    const idle = roles.has(role) ? undefined : options.find((option) => given[option] !== undefined);
    if (idle !== undefined)
      throw new TensorError(
        `${name}: ${idle} would change nothing, since no parameter has the role ${role}; there are ${[...roles].join(", ") || "none"}`,
      );
  }
}

/** The user's initializer and regularizer for the parameter's role, where there is one. */
export function chooseFor(spec: ParameterSpec, sizes: CellSizes, given: CellOptions): ParameterSpec {
  const initializer = chosenInitializer(spec, given);
  const regularizer = {
    kernel: given.kernelRegularizer,
    recurrent: given.recurrentRegularizer,
    bias: given.biasRegularizer,
    norm: undefined,
    other: undefined,
  }[spec.role];
  return {
    ...spec,
    sizes: spec.sizes ?? sizes,
    ...(initializer === undefined ? {} : { initializer }),
    ...(regularizer === undefined ? {} : { regularizer }),
  };
}

export function chosenInitializer(
  { role }: ParameterSpec,
  given: CellOptions,
): ParameterSpec["initializer"] | undefined {
  return {
    kernel: given.kernelInitializer,
    recurrent: given.recurrentInitializer,
    bias: given.biasInitializer,
    norm: undefined,
    other: undefined,
  }[role];
}
