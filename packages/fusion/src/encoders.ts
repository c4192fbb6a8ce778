/** The encoders of a multimodal model: what each reads, and what it gives to the fusion. */
import type { ApplyOptions, Layer } from "@sluice/cells";
import { and, convert, greater, iota, less, reshape, sum, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { at } from "@sluice/tensor/internal";
import type { DescribedModality, FuseOptions, ModalitySpec } from "./fusion.ts";
import { described, stepsOf, type GivenModality } from "./modalities.ts";
import { optionsOf, tracesOf } from "./part-options.ts";
import { seen } from "./seen.ts";

/** What the encoder of a modality reads, if it gives what the fusion takes. */
export function inputOf(name: string, layer: Layer | undefined, spec: ModalitySpec): ModalitySpec {
  if (layer === undefined) return spec;
  if (layer.features !== spec.width)
    throw new TensorError(
      `multimodal: encoder ${name} (${layer.name}) gives ${layer.features} features, but the fusion takes ${spec.width}`,
    );
  const readsAs = (kind: ModalitySpec["kind"]): ModalitySpec => ({
    kind,
    width: layer.input,
    ...(layer.x && { x: layer.x }),
    ...(Object.keys(layer.extra).length > 0 && { extra: layer.extra }),
  });
  const keepsTime = layer.outputShape({ batch: 1, time: 1 }).length === 3;
  if (spec.kind === "sequence") {
    if (keepsTime) return readsAs("sequence");
    throw new TensorError(
      `multimodal: encoder ${name} (${layer.name}) gives a vector, but the fusion takes a sequence; give it outputs: "all"`,
    );
  }
  if (!keepsTime) return readsAs("sequence");
  if (takesVectors(layer)) return readsAs("vector");
  throw new TensorError(
    `multimodal: encoder ${name} (${layer.name}) gives a sequence, but the fusion takes a vector; give it outputs: "last"`,
  );
}

function takesVectors(layer: Layer): boolean {
  try {
    return layer.outputShape({ batch: 1 }).length === 2;
  } catch (error) {
    if (error instanceof TensorError) return false;
    throw error;
  }
}

/**
 * Every modality as the fusion gets it, with the traces of the encoders by part, and their buffers by modality. `under`
 * is what the names of the parts begin with.
 */
export function encodeAll(
  encoders: Readonly<Record<string, Layer>>,
  weights: Readonly<Record<string, Tree>>,
  given: readonly GivenModality[],
  options: FuseOptions,
  under = "encoders",
) {
  const encoded: Record<string, DescribedModality> = {};
  const traces: Record<string, Tensor> = {};
  const buffers: Record<string, Tree> = {};
  for (const modality of given) {
    const { name } = modality;
    const [layer, own] = [encoders[name], weights[name]];
    if (layer === undefined || own === undefined) {
      encoded[name] = described(modality, modality.x);
      continue;
    }
    const part = `${under}.${name}`;
    const applied = at(part, () => encode(layer, own, modality, optionsOf(part, options)));
    encoded[name] = applied.modality;
    buffers[name] = applied.buffers;
    Object.assign(traces, tracesOf(part, applied.traces));
  }
  return { encoded, traces, buffers };
}

function encode(layer: Layer, weights: Tree, given: GivenModality, options: ApplyOptions) {
  if (given.spec.kind === "vector") {
    const { output, ...rest } = layer.apply(weights, seen(given).x, options);
    return { modality: described(given, output), ...rest };
  }
  const { x, lengths, rows, steps, extra } = given;
  const { output, ...rest } = layer.apply(weights, x, {
    ...options,
    ...(lengths && { lengths }),
    ...(rows && { present: rows }),
    ...(steps && { mask: steps }),
    ...(extra && { extra }),
  });
  const sameSteps = output.shape.length === 3 && layer.ownSteps !== true;
  if (sameSteps) return { modality: described(given, output), ...rest };
  const present = rowsWithSteps(given);
  return { modality: { x: output, ...(present && { present }) }, ...rest };
}

/** bool `[batch]`: whether a row has a step; undefined where every row has all. */
function rowsWithSteps(given: GivenModality): Tensor | undefined {
  const { lengths, steps } = given;
  if (steps === undefined) {
    const count = stepsOf(given);
    return count && greater(count, 0);
  }
  const [batch = 0, time = 0] = steps.shape;
  const within =
    lengths === undefined ? steps : and(steps, less(iota([1, time], { axis: 1 }), reshape(lengths, [batch, 1])));
  return greater(sum(convert(within, "i32"), 1), 0);
}
