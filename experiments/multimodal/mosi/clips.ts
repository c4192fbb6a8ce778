import { mosi, type Mosi } from "@sluice/data";
import { tensor, valuesOf, type Tensor } from "@sluice/tensor";

export const modalities = ["text", "audio", "video"] as const;
export type Modality = (typeof modalities)[number];

/** Features of an utterance. */
export const features: { readonly [name in Modality]: number } = { text: 100, audio: 73, video: 100 };

/** Clips as examples: a row is a clip, a step an utterance. */
export type Clips = Mosi & {
  /** Which utterances have a modality, bool `[clips, utterances]` each. */
  readonly present: { readonly [name in Modality]: Tensor };
};

/** The training and test clips, with features in standard deviations of the training utterances. */
export interface ClipSet {
  readonly train: Clips;
  readonly test: Clips;
}

/** Reads the published split. No clip is held out for validation, because the features have seen all training labels. */
export async function readClips(folder: string | null): Promise<ClipSet> {
  const { train, test } = await mosi({ folder, validation: 0 });
  return standardized(train, test);
}

/**
 * Subtracts the mean of the training utterances from every feature, and divides by their standard deviation. A feature
 * that is the same in all of them becomes 0.
 */
export function standardized(train: Mosi, test: Mosi): ClipSet {
  const scales = Object.fromEntries(modalities.map((name) => [name, scaleOf(train[name], train.lengths)]));
  const scaled = (clips: Mosi): Clips => {
    const of = (name: Modality): Tensor => rescaled(clips[name], clips.lengths, scales[name] ?? []);
    return withOnly({ ...clips, text: of("text"), audio: of("audio"), video: of("video") }, modalities);
  };
  return { train: scaled(train), test: scaled(test) };
}

/** The clips as if no utterance had another modality than those in `kept`. */
export function withOnly(clips: Mosi, kept: readonly Modality[]): Clips {
  const flags = (name: Modality): Tensor => {
    const { shape } = clips.y;
    return tensor(new Int32Array(valuesOf(clips.y).length).fill(kept.includes(name) ? 1 : 0), shape, { dtype: "bool" });
  };
  return { ...clips, present: { text: flags("text"), audio: flags("audio"), video: flags("video") } };
}

/** Mean and standard deviation of one feature. */
interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function scaleOf(x: Tensor, lengths: Tensor): Moments[] {
  const width = x.shape[2] ?? 0;
  const values = valuesOf(x);
  const utterances = placesOf(x, lengths);
  return Array.from({ length: width }, (_, feature) => {
    const own = utterances.map((at) => values[at * width + feature] ?? 0);
    const mean = own.reduce((total, value) => total + value, 0) / own.length;
    const squares = own.reduce((total, value) => total + (value - mean) * (value - mean), 0);
    return { mean, deviation: Math.sqrt(squares / own.length) };
  });
}

/** The features in their scales; zeros beyond the lengths. */
function rescaled(x: Tensor, lengths: Tensor, scale: readonly Moments[]): Tensor {
  const values = valuesOf(x);
  const result = new Float32Array(values.length);
  for (const at of placesOf(x, lengths))
    scale.forEach(({ mean, deviation }, feature) => {
      const place = at * scale.length + feature;
      if (deviation > 0) result[place] = ((values[place] ?? 0) - mean) / deviation;
    });
  return tensor(result, x.shape);
}

/** The places of all real utterances in `[clips * utterances]`. */
function placesOf({ shape: [clips = 0, utterances = 0] }: Tensor, lengths: Tensor): number[] {
  const counts = valuesOf(lengths);
  return Array.from({ length: clips * utterances }, (_, at) => at).filter(
    (at) => at % utterances < (counts[Math.floor(at / utterances)] ?? 0),
  );
}
