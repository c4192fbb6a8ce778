import { key, keyFor, tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkKey, checkOptions } from "@sluice/tensor/internal";
import { checkChoice, checkSizes } from "../check.ts";
import type { Dataset, SplitSizes } from "../dataset.ts";
import { cited, type Facts } from "../facts.ts";
import { DataError } from "../error.ts";
import { originOf, readFileSet, sumsOf, type FileSet } from "../folder.ts";
import { shuffled } from "../shuffle.ts";
import { parseIdx, type Idx } from "./parse.ts";

/** Examples of {@link mnist} and {@link fashionMnist}. */
export type Images = {
  /** Grey values from 0 to 1. `[examples, 28, 28]` by rows, `[examples, 784, 1]` by pixels or permuted. */
  readonly x: Tensor;
  /** The class, 0 to 9, i32 `[examples]`. */
  readonly y: Tensor;
};

/** Options of {@link mnist} and {@link fashionMnist}. Sizes: `train` 55,000, `validation` 5,000, `test` 10,000. */
export interface ImagesOptions extends SplitSizes {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /**
   * How an image becomes a sequence: its `rows` of 28 pixels from the top (default), its `pixels` one by one, row after
   * row, or its pixels in one random order that all images share (`permuted`; Le et al. 2015, arXiv:1504.00941).
   */
  readonly by?: "rows" | "pixels" | "permuted";
  /** The key of the order of the pixels if `permuted`. Default `key(0)`. */
  readonly key?: ArrayTensor;
}

/** What one set in the format of MNIST is. */
export interface ImageSet {
  readonly name: string;
  /** The function's name, for errors. */
  readonly operation: string;
  /** Images and labels for training, then for testing. */
  readonly files: FileSet;
  readonly classes: readonly string[];
  readonly source: string;
  readonly facts: Facts;
  readonly caution: string;
}

const [side, trainImages, testImages] = [28, 60_000, 10_000];
const pixels = side * side;

/** The four files of a set: IDX, packed with gzip, with the sums of the unpacked bytes. */
export function imageFiles(name: string, folder: string, sums: readonly string[], obtain: string): FileSet {
  const names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  const files = names.map((file, i) => ({ path: `${folder}/${file}-ubyte.gz`, sha256: sums[i] ?? "", gzip: true }));
  return { name, files, obtain };
}

/** Reads a set in the format of MNIST, in its own split of 60,000 and 10,000 images. */
export async function readImageSet(set: ImageSet, options: ImagesOptions): Promise<Dataset<Images>> {
  const { operation, files } = set;
  checkOptions(operation, options, ["folder", "by", "key", "train", "validation", "test"], {
    data: "folder",
    order: "by",
    seed: "key",
    valid: "validation",
  });
  const { by = "rows" } = options;
  checkChoice(operation, "by", by, ["rows", "pixels", "permuted"]);
  if (options.key !== undefined) checkKey(operation, options.key);
  const { train, validation, test } = sizesOf(operation, options);
  const [images, labels, heldImages, heldLabels] = (await readFileSet(files, options.folder)).map((bytes, i) =>
    parseIdx(bytes, originOf(files, i)),
  );
  const places = by === "permuted" ? shuffled(keyFor(options.key ?? key(0), "pixels"), pixels) : undefined;
  const training = pairOf(files, images, labels, trainImages);
  const testing = pairOf(files, heldImages, heldLabels, testImages);
  const order = shuffled(keyFor(key(0), operation), trainImages);
  const examples = (pair: Pair, rows: readonly number[]): Images => examplesOf(pair, rows, by === "rows", places);
  return {
    name: `${set.name} by ${by}`,
    train: examples(training, order.slice(trainImages - train)),
    validation: examples(training, order.slice(0, validation)),
    test: examples(
      testing,
      Array.from({ length: test }, (_, i) => i),
    ),
    provenance: {
      source: set.source,
      ...cited(set.facts),
      files: sumsOf(files),
      split: `train ${train} and validation ${validation} of the 60,000 training images, in the order of one shuffle by a fixed key; test: the first ${test} of the 10,000 test images`,
      caution: test === testImages ? set.caution : `Only ${test} of the 10,000 test images. ${set.caution}`,
    },
    classes: set.classes,
  };
}

function sizesOf(operation: string, options: SplitSizes): Required<SplitSizes> {
  const { validation = 5000 } = options;
  const rest = Math.max(0, trainImages - (Number.isSafeInteger(validation) ? validation : 0));
  const sizes = checkSizes(operation, options, { train: rest, validation: 5000, test: testImages });
  const { train, validation: held, test } = sizes;
  if (train + held > trainImages)
    throw new TensorError(
      `${operation}: train ${train} and validation ${held} add up to ${train + held} images, but the training set has ${trainImages}`,
    );
  if (test > testImages)
    throw new TensorError(`${operation}: test ${test} is more than the ${testImages} images of the test set`);
  return sizes;
}

interface Pair {
  readonly greys: Uint8Array;
  readonly labels: Uint8Array;
}

/** Images and labels that fit each other. */
function pairOf(files: FileSet, images: Idx | undefined, labels: Idx | undefined, count: number): Pair {
  const found = [images?.shape.join(" x "), labels?.shape.join(" x ")];
  if (images !== undefined && labels !== undefined && found[0] === `${count} x 28 x 28` && found[1] === `${count}`)
    return { greys: images.values, labels: labels.values };
  const wrong = `images of ${found[0]} and labels of ${found[1]}, expected ${count} x 28 x 28 and ${count}`;
  throw new DataError({ ...originOf(files, count === trainImages ? 0 : 2), wrong });
}

function examplesOf(
  { greys, labels }: Pair,
  rows: readonly number[],
  byRows: boolean,
  places?: readonly number[],
): Images {
  const x = new Float32Array(rows.length * pixels);
  rows.forEach((image, row) => {
    const from = image * pixels;
    for (let i = 0; i < pixels; i++) x[row * pixels + i] = (greys[from + (places?.[i] ?? i)] ?? 0) / 255;
  });
  return {
    x: tensor(x, byRows ? [rows.length, side, side] : [rows.length, pixels, 1]),
    y: tensor(Int32Array.from(rows, (image) => labels[image] ?? 0)),
  };
}
