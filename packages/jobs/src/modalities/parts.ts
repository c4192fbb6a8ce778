import type { DescribedModality, Fusion, Modality } from "@sluice/fusion";
import { full, isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { Model } from "@sluice/trials";
import type { Parts } from "@sluice/train";
import type { Supervised } from "../examples.ts";

/** Which parts of the examples a modality is. */
export interface ModalityParts {
  /** The part with its values. Default: the name of the modality. */
  readonly x?: string;
  /** The part with the number of steps of each row. Default `lengths`, for a sequence, if there is such a part. */
  readonly lengths?: string;
  /** The part that says which rows, or which steps, have it, bool. Default: `<name>Present`, if there is such a part. */
  readonly present?: string;
  /** The part with the times of its steps. Default: none. */
  readonly times?: string;
  /** The parts that its encoder reads besides, by the names that the encoder gives them. Default: none. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** The parts of each modality, by name. */
export type PartsOf = ReadonlyMap<string, ModalityParts & { readonly x: string; readonly present: string }>;

/** Checks which parts the modalities are. */
export function partsOf(
  operation: string,
  names: readonly string[],
  given: Readonly<Record<string, ModalityParts>>,
): PartsOf {
  checkOptions(`${operation}: modalities`, given, names);
  return new Map(
    names.map((name) => {
      const parts = given[name] ?? {};
      const place = `${operation}: modalities.${name}`;
      checkOptions(place, parts, ["x", "lengths", "present", "times", "extra"], { part: "x", mask: "present" });
      const { extra = {}, ...single } = parts;
      for (const [what, part] of Object.entries({ ...single, ...extra }))
        if (typeof part !== "string")
          throw new TensorError(`${place}: ${what} is ${shown(part)}, expected the name of a part of the examples`);
      return [name, { x: name, present: `${name}Present`, ...parts }];
    }),
  );
}

/** The modalities of a batch. */
function modalitiesOf(net: Pick<Fusion, "inputs">, parts: PartsOf, batch: Readonly<Record<string, Tree>>) {
  const at = (name: string, what: string, part: string): Tensor => {
    const found = batch[part];
    if (found !== undefined && isTensor(found)) return found;
    throw new TensorError(
      `multimodalStudy: modalities.${name}: the examples have no part ${part} for ${what}; they have ${Object.keys(batch).join(", ")}`,
    );
  };
  const has = (part: string): boolean => batch[part] !== undefined;
  const modalities: Record<string, Modality> = {};
  for (const [name, { x, lengths, present, times, extra }] of parts) {
    const isSequence = net.inputs[name]?.kind === "sequence";
    const steps = lengths ?? (isSequence && has("lengths") ? "lengths" : undefined);
    const modality: DescribedModality = {
      x: at(name, "x", x),
      ...(steps === undefined ? {} : { lengths: at(name, "lengths", steps) }),
      ...(has(present) ? { present: at(name, "present", present) } : {}),
      ...(times === undefined ? {} : { times: at(name, "times", times) }),
      ...(extra === undefined
        ? {}
        : { extra: Object.fromEntries(Object.entries(extra).map(([own, part]) => [own, at(name, own, part)])) }),
    };
    modalities[name] = modality;
  }
  return modalities;
}

/** A multimodal network as a model of examples. */
export function modelOfParts(net: Fusion, parts: PartsOf): Model<Tree, Parts> {
  return {
    init: (key) => net.init(key),
    params: net.params,
    initialBuffers: () => net.initialBuffers(),
    apply(params, batch, options = {}) {
      const { training, key, buffers } = options;
      const { output, buffers: after } = net.apply(params, modalitiesOf(net, parts, batch), {
        ...(training === undefined ? {} : { training }),
        ...(key === undefined ? {} : { key }),
        ...(buffers === undefined ? {} : { buffers }),
      });
      return { output, buffers: after };
    },
  };
}

/** The examples as if no row had another modality than those in `kept`; what a row misses anyway stays missing. */
export function withOnly(examples: Supervised, parts: PartsOf, kept: readonly string[]): Supervised {
  const flags: Record<string, Tensor> = {};
  for (const [name, { x, present }] of parts) {
    const own = examples[present];
    const shape = own?.shape ?? [examples[x]?.shape[0] ?? 0];
    if (!kept.includes(name)) flags[present] = full(shape, 0, "bool");
    else flags[present] = own ?? full(shape, 1, "bool");
  }
  return { ...examples, ...flags };
}

/** All subsets of some names but the empty one, small ones first, each in the order of the names. */
export function subsetsOf(names: readonly string[]): readonly (readonly string[])[] {
  const subsets = Array.from({ length: (1 << names.length) - 1 }, (_, n) =>
    names.filter((__, at) => ((n + 1) >> at) % 2 === 1),
  );
  return subsets.sort((a, b) => a.length - b.length);
}
