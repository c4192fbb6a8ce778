import { dense, lstm, sequence, type Layer } from "@sluice/cells";
import {
  concatenation,
  gmu,
  lateFusion,
  lmf,
  modalityDropout,
  multimodal,
  type DescribedModality,
  type Fusion,
  type ModalitySpec,
} from "@sluice/fusion";
import type { ArrayTensor, Tree } from "@sluice/tensor";
import type { ModelOptions } from "@sluice/trials";
import { features, type Clips, type Modality } from "./clips.ts";

export type FusionName = "concatenation" | "gated" | "lmf" | "late";

export interface ClipModelOptions {
  /** The modalities that the model reads. */
  readonly reads: readonly Modality[];
  /** An LSTM over the utterances of the clip for each modality; without it, every utterance stands alone. */
  readonly context: boolean;
  readonly fusion: FusionName;
  /** The probability that a training clip loses a modality. */
  readonly modalityDropout: number;
  /** Units of each LSTM. */
  readonly hidden: number;
}

/** What a model reads of a batch of clips. */
export type Seen = Omit<Clips, "y">;

/** Negative and positive. */
const classes = 2;

/** A model of clips: logits `[clips, utterances, 2]`. */
export function clipModel({ reads, context, fusion: name, modalityDropout: rate, hidden }: ClipModelOptions) {
  const inputs = Object.fromEntries(
    reads.map((modality): [string, ModalitySpec] => [
      modality,
      { kind: "sequence", width: context ? hidden : features[modality] },
    ]),
  );
  const encoders: Record<string, Layer> = Object.fromEntries(
    context ? reads.map((modality) => [modality, sequence(lstm({ input: features[modality], hidden }))]) : [],
  );
  const net = networkOf(name, { encoders, inputs, hidden });
  const model = rate === 0 ? net : modalityDropout(net, { rate });
  return {
    init: (key: ArrayTensor): Tree => model.init(key),
    apply: (params: Tree, clips: Seen, { training, key }: ModelOptions = {}) =>
      model.apply(params, modalitiesOf(reads, clips), {
        ...(training === undefined ? {} : { training }),
        ...(key === undefined ? {} : { key }),
      }),
  };
}

interface NetworkParts {
  readonly encoders: Readonly<Record<string, Layer>>;
  readonly inputs: Readonly<Record<string, ModalitySpec>>;
  readonly hidden: number;
}

/**
 * Encoders, a fusion of every utterance and a linear readout. Late fusion has no readout, because each modality decides
 * alone. Concatenation is also told which modalities are present; without encoders it makes a logistic regression.
 */
function networkOf(name: FusionName, { encoders, inputs, hidden }: NetworkParts): Fusion {
  const readOut = (fusion: Fusion): Fusion =>
    multimodal({ encoders, fusion, readout: dense({ input: fusion.features, output: classes }) });
  switch (name) {
    case "concatenation":
      return readOut(concatenation({ inputs, presence: true }));
    case "gated":
      return readOut(gmu({ inputs, output: hidden }));
    case "lmf":
      return readOut(lmf({ inputs, output: hidden }));
    case "late":
      return multimodal({ encoders, fusion: lateFusion({ inputs, output: classes }) });
  }
}

const modalitiesOf = (
  reads: readonly Modality[],
  { lengths, present, ...clips }: Seen,
): Record<string, DescribedModality> =>
  Object.fromEntries(reads.map((name) => [name, { x: clips[name], lengths, present: present[name] }]));
