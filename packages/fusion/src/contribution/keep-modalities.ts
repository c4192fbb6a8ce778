import { full, isTensor, TensorError } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import type { DescribedModality, Modality } from "../fusion.ts";

/**
 * The same batch as if every row had only the modalities in `names`: all others are not present. To score a model
 * without a modality.
 */
export function keepModalities<M extends string>(
  modalities: Readonly<Record<M, Modality>>,
  names: readonly NoInfer<M>[],
): Record<M, Modality>;
export function keepModalities(
  modalities: Readonly<Record<string, Modality>>,
  names: readonly string[],
): Record<string, Modality> {
  const known = Object.keys(modalities);
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new TensorError(`keepModalities: unknown modality ${strange}; ${suggestion(strange, known)}`);
  return Object.fromEntries(
    Object.entries(modalities).map(([name, modality]) => [name, names.includes(name) ? modality : without(modality)]),
  );
}

function without(modality: Modality): DescribedModality {
  const described = isTensor(modality) ? { x: modality } : modality;
  return { ...described, present: full([described.x.shape[0] ?? 0], 0, "bool") };
}
