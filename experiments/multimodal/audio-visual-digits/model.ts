import { dense, gru, sequence } from "@sluice/cells";
import {
  concatenation,
  gmu,
  lmf,
  modalityDropout,
  multimodal,
  type DescribedModality,
  type Fusion,
} from "@sluice/fusion";
import { keyFor, type ArrayTensor, type Tree } from "@sluice/tensor";
import type { ModelOptions } from "@sluice/trials";
import { noisy, type Noise } from "./noise.ts";
import { features, modalities, type Modality, type Pairs } from "./pairs.ts";

export type FusionName = "image" | "sound" | "concatenation" | "gated" | "lmf";

export interface DigitModelOptions {
  /** What is fused how; "image" and "sound" read that modality alone. */
  readonly fusion: FusionName;
  /** The probability that a training pair loses a modality. */
  readonly modalityDropout: number;
  /** Noise that is drawn anew for every training pair. */
  readonly noise: Noise;
  /** Units of each GRU. */
  readonly hidden: number;
}

/** What a model reads of a batch of pairs. */
export type Seen = Omit<Pairs, "y">;

const digits = 10;

/** A GRU over each modality, a fusion of their last states, and a softmax readout: logits `[pairs, 10]`. */
export function digitModel({ fusion: name, modalityDropout: rate, noise, hidden }: DigitModelOptions) {
  const fusion = fusionOf(name, hidden);
  const reads = modalities.filter((modality) => Object.hasOwn(fusion.inputs, modality));
  const net = multimodal({
    encoders: Object.fromEntries(
      reads.map((modality) => [modality, sequence(gru({ input: features[modality], hidden }), { outputs: "last" })]),
    ),
    fusion,
    readout: dense({ input: fusion.features, output: digits }),
  });
  const model: Fusion = rate === 0 ? net : modalityDropout(net, { rate });
  return {
    init: (key: ArrayTensor): Tree => model.init(key),
    apply(params: Tree, pairs: Seen, { training = false, key }: ModelOptions = {}) {
      const seen = training && key !== undefined ? noisy(pairs, noise, keyFor(key, "noise")) : pairs;
      return model.apply(params, modalitiesOf(reads, seen), { training, ...(key === undefined ? {} : { key }) });
    },
  };
}

/**
 * How the last states become one vector. A single modality, and the concatenation, are also told whether it is present.
 */
function fusionOf(name: FusionName, hidden: number): Fusion {
  const inputs = { image: hidden, sound: hidden };
  switch (name) {
    case "image":
    case "sound":
      return concatenation({ inputs: { [name]: hidden }, presence: true });
    case "concatenation":
      return concatenation({ inputs, presence: true });
    case "gated":
      return gmu({ inputs, output: hidden });
    case "lmf":
      return lmf({ inputs, output: hidden });
  }
}

function modalitiesOf(
  reads: readonly Modality[],
  { image, sound, lengths, present }: Seen,
): Record<string, DescribedModality> {
  const all: { readonly [name in Modality]: DescribedModality } = {
    image: { x: image, present: present.image },
    sound: { x: sound, lengths, present: present.sound },
  };
  return Object.fromEntries(reads.map((name) => [name, all[name]]));
}
