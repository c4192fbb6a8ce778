import {
  key,
  keyFor,
  normal,
  randomBits,
  tensor,
  uniform,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Values,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkRange, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";
import type { Read } from "../files.ts";
import { defaultSizes, greysOf, labelsOf, provenanceOf, splitsOf } from "./digits.ts";
import { readMnist, side } from "./mnist.ts";

/** Examples of {@link halves}. */
export type Halves = {
  /** The upper half, row by row from the top, `[examples, 14, 28]`; zeros where missing. */
  readonly upper: Tensor;
  /** The lower half, column by column from the left, `[examples, 28, 14]`; zeros where missing. */
  readonly lower: Tensor;
  /** Whether upper and lower are present, bool `[examples, 2]`; at least one always is. */
  readonly present: Tensor;
  /** The digit, 0 to 9, i32 `[examples]`. */
  readonly y: Tensor;
};

/** Options of {@link halves}. */
export interface HalvesOptions extends SplitSizes {
  /** Standard deviation of the normal noise added to every pixel (pixels range from 0 to 1). Default 0.3. */
  readonly noise?: number;
  /** The probability that a half is missing; which one is equally likely. Default 0.25. */
  readonly missing?: number;
  /** The key for the noise and for which halves are missing. Default `key(0)`. */
  readonly key?: ArrayTensor;
  /** Reads a file of the package mnist, as for {@link digits}. */
  readonly read?: Read;
}

const half = side / 2;

/**
 * The upper and the lower half of a real digit, as two modalities of different length: 14 steps of 28 pixels and 28
 * steps of 14. Both have noise, and sometimes one of them is missing. Noise and missing halves are fixed per example:
 * they are the same in every epoch. The digits and the splits are those of {@link digits}.
 *
 * Throws a {@link DataError} if a file of the package mnist is missing or damaged.
 */
export async function halves(options: HalvesOptions = {}): Promise<Dataset<Halves>> {
  checkOptions("halves", options, ["noise", "missing", "key", "train", "validation", "test", "read"], { seed: "key" });
  const { noise = 0.3, missing = 0.25 } = options;
  const deviation = checkRange("halves", "noise", noise, 0, Number.MAX_VALUE);
  checkRange("halves", "missing", missing, 0, 1);
  const sizes = checkSizes("halves", options, defaultSizes, 10_000);
  const mnist = await readMnist(options.read);
  const splits = splitsOf(sizes);
  const root = options.key ?? key(0);
  const noises = valuesOf(normal(keyFor(root, "halves noise"), [65_536], { deviation }));

  const examples = (split: keyof typeof splits): Halves => {
    const rows = splits[split];
    const n = rows.length;
    const keys = keyFor(root, `halves ${split}`);
    const greys = greysOf(mnist, rows, side);
    const present = presence(keys, n, missing);
    const seen = (
      name: string,
      modality: number,
      shape: readonly [number, number],
      pixelOf: (step: number, feature: number) => number,
    ): Tensor => {
      const [steps, features] = shape;
      const values = noiseOf(keyFor(keys, name), n * steps * features, noises);
      let to = 0;
      for (let i = 0; i < n; i++) {
        for (let step = 0; step < steps; step++) {
          for (let feature = 0; feature < features; feature++, to++) {
            const grey = greys[i * side * side + pixelOf(step, feature)]!;
            values[to] = present[2 * i + modality] === 1 ? values[to]! + grey : 0;
          }
        }
      }
      return tensor(values, [n, steps, features]);
    };
    return {
      upper: seen("upper", 0, [half, side], (row, column) => row * side + column),
      lower: seen("lower", 1, [side, half], (column, row) => (half + row) * side + column),
      present: tensor(present, [n, 2], { dtype: "bool" }),
      y: labelsOf(mnist, rows),
    };
  };
  return {
    name: "halves of digits",
    train: examples("train"),
    validation: examples("validation"),
    test: examples("test"),
    provenance: {
      ...provenanceOf(mnist, sizes),
      source: `${provenanceOf(mnist, sizes).source}; upper and lower halves with normal noise of deviation ${noise} added, one half missing with probability ${missing}`,
      caution: "A task of this project: no published figure exists for it. All images are from MNIST's training set.",
    },
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
  };
}

/** 1 where the modality is present, `[n, 2]`. */
function presence(keys: ArrayTensor, n: number, missing: number): Int32Array {
  const present = new Int32Array(2 * n).fill(1);
  const draws = valuesOf(uniform(keyFor(keys, "missing"), [n, 2]));
  for (let i = 0; i < n; i++) {
    if (draws[2 * i]! < missing) present[2 * i + (draws[2 * i + 1]! < 0.5 ? 0 : 1)] = 0;
  }
  return present;
}

/** Noise for millions of pixels: drawn with replacement from 65,536 normal numbers, two per random word. */
function noiseOf(keys: ArrayTensor, size: number, noises: Values): Float32Array {
  const words = valuesOf(randomBits(keys, [Math.ceil(size / 2)]));
  return Float32Array.from(
    { length: size },
    (_, i) => noises[(i & 1 ? words[i >> 1]! >>> 16 : words[i >> 1]!) & 65_535]!,
  );
}
