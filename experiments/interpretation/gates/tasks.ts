import { bitStreamXor, jsbChorales, type BitStreamXorOptions } from "@sluice/data";
import { concat, mul, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { binaryCrossEntropy, crossEntropy, type CountedOptions } from "@sluice/train";

/** Sequences `[examples, time, features]` of their own lengths, with the targets of their task. */
export type Sequences = { readonly x: Tensor; readonly y: Tensor; readonly lengths: Tensor };

/** What a network learns, and how its steps are divided into groups. */
export interface GatedTask {
  readonly data: { readonly train: Sequences; readonly validation: Sequences; readonly test: Sequences };
  readonly sizes: { readonly input: number; readonly output: number; readonly outputs: "all" | "last" };
  /** The mean loss in nats: per sequence, or per real step. */
  readonly loss: (output: Tensor, y: Tensor, counted: CountedOptions) => Tensor;
  /** What decides to which group a step belongs. */
  readonly groups: {
    readonly series: string;
    readonly title: string;
    readonly label: string;
    readonly most: number;
    /** A group for each step of the sequences, those beyond a length too. */
    readonly of: (sequences: Sequences) => ArrayLike<number>;
  };
}

/** The parity of a bit stream, from its changes and the time since the last one. */
export function events(options: BitStreamXorOptions & { readonly steps: number }): GatedTask {
  const { train, validation, test } = bitStreamXor(options);
  const sequences = ({ x, elapsed, lengths, y }: typeof train): Sequences => ({
    x: concat([x, elapsed], -1),
    y: tensor(Int32Array.from(valuesOf(y))),
    lengths,
  });
  return {
    data: { train: sequences(train), validation: sequences(validation), test: sequences(test) },
    sizes: { input: 2, output: 2, outputs: "last" },
    loss: crossEntropy,
    groups: {
      series: "gates-by-time",
      title: "How far gates depart from their means, by the time since the last event",
      label: "bits since the last event",
      most: 6,
      of: ({ x }) =>
        valuesOf(x)
          .filter((_, i) => i % 2 === 1)
          .map((elapsed) => Math.round(options.steps * elapsed)),
    },
  };
}

/** Keys of a piano. */
const keys = 88;

/** The keys of the next step of Bach’s chorales. */
export async function chorales(folder: string | null): Promise<GatedTask> {
  const { train, validation, test } = await jsbChorales({ folder });
  return {
    data: { train, validation, test },
    sizes: { input: keys, output: keys, outputs: "all" },
    loss: (output, y, counted) => mul(binaryCrossEntropy(output, y, counted), keys),
    groups: {
      series: "gates-by-new-keys",
      title: "How far gates depart from their means, by the number of keys that begin",
      label: "keys that did not sound at the step before",
      most: 4,
      of: newKeys,
    },
  };
}

/** For each step, the number of keys that sound and did not at the step before. At the first step, all that sound. */
export function newKeys({ x }: Pick<Sequences, "x">): number[] {
  const [examples = 0, time = 0, width = 0] = x.shape;
  const sounds = valuesOf(x);
  return Array.from({ length: examples * time }, (_, step) => {
    const before = step % time === 0 ? -1 : step - 1;
    let begin = 0;
    for (let key = 0; key < width; key++)
      if (sounds[step * width + key] === 1 && (before < 0 || sounds[before * width + key] === 0)) begin++;
    return begin;
  });
}
