import { isTensor, TensorError } from "@sluice/tensor";
import { hasMembers, shown, suggestion } from "@sluice/tensor/internal";
import type { DescribedModality, Modality } from "./fusion.ts";

/** One modality of a batch, as an object. Throws if there are no modalities, or none of this name. */
export function oneModality(
  operation: string,
  modalities: Readonly<Record<string, Modality>>,
  name: string,
): DescribedModality {
  if (!hasMembers(modalities, {}) || isTensor(modalities))
    throw new TensorError(
      `${operation}: the modalities are ${shown(modalities)}, expected an object with one tensor for each`,
    );
  const known = Object.keys(modalities);
  const given = known.includes(name) ? modalities[name] : undefined;
  if (given === undefined)
    throw new TensorError(`${operation}: unknown modality ${String(name)}; ${suggestion(String(name), known)}`);
  const described = isTensor(given) ? { x: given } : given;
  if (hasMembers(described, { x: "object" }) && isTensor(described.x)) return described;
  throw new TensorError(`${operation}: modality ${name} is ${shown(given)}, expected a tensor, or an object with x`);
}
