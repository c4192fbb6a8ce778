import { isTensor, keyFor, TensorError } from "@sluice/tensor";
import type { ApplyOptions } from "./layer.ts";

type StateOptions = "state" | "resetState" | "buffers";

/**
 * The options of `apply` for the layer `name` within a layer of layers: its part of the nested options, its own key,
 * the traces that begin with its name, and the rest unchanged. The caller passes on states and buffers, because it
 * knows their types.
 */
export function optionsOf(name: string, given: Omit<ApplyOptions, StateOptions>): Omit<ApplyOptions, StateOptions> {
  const { perturbations, key, traces, intervene, ...rest } = given;
  const below = entriesOf(perturbations).find(([part]) => part === name)?.[1];
  return {
    ...rest,
    ...(below === undefined ? {} : { perturbations: below }),
    ...(intervene === undefined ? {} : { intervene: (own, value) => intervene(`${name}.${own}`, value) }),
    ...(key === undefined ? {} : { key: keyFor(key, name) }),
    ...(traces === undefined ? {} : { traces: typeof traces === "boolean" ? traces : tracesBelow(name, traces) }),
  };
}

/** Rejects perturbations and traces that belong to none of the layers `names`. */
export function checkNested(
  where: string,
  { perturbations, traces }: Omit<ApplyOptions, StateOptions>,
  names: readonly string[],
): void {
  const strange = entriesOf(perturbations).find(([part]) => !names.includes(part))?.[0];
  if (strange !== undefined)
    throw new TensorError(`${where}: perturbations has ${strange}, but the layers are ${names.join(", ")}`);
  const isOf = (given: string, name: string): boolean => given === name || given.startsWith(`${name}.`);
  const trace =
    typeof traces === "object" ? traces.find((given) => !names.some((name) => isOf(given, name))) : undefined;
  if (trace !== undefined)
    throw new TensorError(
      `${where}: no trace ${trace}; names begin with a layer's: ${names.map((name) => `${name}.`).join(", ")}`,
    );
}

function entriesOf(perturbations: ApplyOptions["perturbations"]): [string, ApplyOptions["perturbations"]][] {
  if (perturbations === undefined || isTensor(perturbations)) return [];
  return Object.entries<ApplyOptions["perturbations"]>(perturbations);
}

function tracesBelow(name: string, traces: readonly string[]): string[] {
  return traces.flatMap((trace) => (trace.startsWith(`${name}.`) ? [trace.slice(name.length + 1)] : []));
}
