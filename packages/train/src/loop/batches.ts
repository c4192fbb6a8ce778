import {
  isTensor,
  leavesOf,
  mapTree,
  tensor,
  TensorError,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { allocate, checkOptions, describe, isArray, shown, sizeOf } from "@sluice/tensor/internal";
import { cutEpochs, type Cut } from "./cut-epochs.ts";
import { everyStep } from "./every-step.ts";

/** Options of {@link batches}. */
export interface BatchesOptions {
  /** Examples per batch. */
  readonly size: number;
  /** Key for shuffling each epoch. Without it the order is that of the data. */
  readonly key?: ArrayTensor;
  /**
   * What to do with the last batch of an epoch if it is too small: pad it with examples of weight 0, or drop it.
   * Default "pad". With a key the examples in it differ from epoch to epoch. Without one they are always the last ones
   * of the data, and "drop" never uses them.
   */
  readonly last?: "pad" | "drop";
  /**
   * Sorts each batch longest first, so that padding steps cost nothing. Rows that only fill up a batch then have zero
   * steps. Needs `lengths` in the data, i32 `[examples]`. Default false.
   */
  readonly longestFirst?: boolean;
}

/** A batch and its position in training. */
export interface Numbered<B> {
  readonly batch: B;
  /** The number of examples that count, at most the batch's size. */
  readonly examples: number;
  /** Row i of the batch is example `order[i]` of the data. Has entries only for rows that count. */
  readonly order: Int32Array;
  /** The batch's index over all epochs, from 0. */
  readonly step: number;
  readonly epoch: number;
}

/** The data of a batch, with the weight of each example, f32 [size]: 1, or 0 for padding. */
export type Weighted<D> = D & { readonly weight: Tensor };

/** Batches as a pure function of the step. Training can therefore resume at any step with the same order of batches. */
export interface Batches<D> {
  /** The number of examples in the data. */
  readonly examples: number;
  /** The number of batches in this many epochs: `from(0, stepsIn(2))` are two epochs. */
  stepsIn(epochs: number): number;
  /** The batch of a step. */
  at(step: number): Numbered<Weighted<D>>;
  /** The batches of one epoch, from 0. */
  epoch(epoch: number): Iterable<Numbered<Weighted<D>>>;
  /** All batches from step `first` up to, but not including, `end` (default: without end). */
  from(first: number, end?: number): Iterable<Numbered<Weighted<D>>>;
  /**
   * The number of steps of the longest sequence of a batch, without making the batch. Present if the data has lengths.
   */
  longestAt?(step: number): number;
  /**
   * Paths of the arrays with one entry per step of a sequence, if that is known; other arrays have one entry per
   * sequence.
   */
  readonly perStep?: ReadonlySet<string>;
}

/**
 * Cuts a data set into batches of one size. The first axis of each array is the example. Every example occurs once per
 * epoch. A last batch that is too small is padded by repeating its first example with weight 0, so that no second shape
 * has to be compiled. Pass `batch.weight` to the loss as its mask.
 */
export function batches<D extends { readonly [name: string]: Tree }>(data: D, options: BatchesOptions): Batches<D> {
  checkOptions("batches", options, ["size", "key", "last", "longestFirst"], {
    batchSize: "size",
    batch_size: "size",
    seed: "key",
    shuffle: "key",
    drop_last: "last",
  });
  const examples = examplesOf(data);
  if ("weight" in data)
    throw new TensorError(
      "batches: the data has a part called weight, which is the name of the weights that batches add; rename it",
    );
  const { size, longestFirst = false, ...rest } = options;
  const cut = cutEpochs("batches", { ...rest, size, examples });
  const lengths = isLengths(data["lengths"]) ? data["lengths"].data : undefined;
  if (longestFirst && lengths === undefined)
    throw new TensorError(
      data["lengths"] === undefined
        ? "batches: longestFirst needs lengths in the data, i32 [examples]"
        : `batches: lengths must be i32 [${examples}], the steps of each example, got ${typeOf(data["lengths"])}; make them with tensor(values, [${examples}], { dtype: "i32" })`,
    );
  return everyStep("batches", {
    examples,
    stepsIn: cut.stepsIn,
    ...(lengths !== undefined && { longestAt: longestOf(lengths, cut) }),
    at(step) {
      const numbered = cut.at(step);
      const weight = weightOf(numbered.order, size);
      if (lengths === undefined || !longestFirst)
        return { ...numbered, batch: { ...rowsOf(data, filledUp(numbered.order, size)), weight } };
      const order = numbered.order.toSorted((a, b) => lengths[b]! - lengths[a]!);
      const steps = Int32Array.from({ length: size }, (_, row) => (row < order.length ? lengths[order[row]!]! : 0));
      return {
        ...numbered,
        order,
        batch: { ...rowsOf(data, filledUp(order, size)), lengths: tensor(steps), weight },
      };
    },
  });
}

const typeOf = (x: Tree): string => (isTensor(x) ? `${x.dtype} ${describe(x)}` : shown(x));

const isLengths = (x: Tree | undefined): x is ArrayTensor =>
  isTensor(x) && isArray(x) && x.dtype === "i32" && x.shape.length === 1;

/** The largest number of steps of an example in a batch. */
export const longestOf =
  (lengths: ArrayLike<number>, cut: Cut) =>
  (step: number): number =>
    cut.at(step).order.reduce((most, n) => Math.max(most, lengths[n]!), 0);

/** The indices of a batch's examples, padded to its size by repeating the first one. */
export function filledUp(order: Int32Array, size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => order[i < order.length ? i : 0]!);
}

export function weightOf(order: Int32Array, size: number): Tensor {
  return tensor(Float32Array.from({ length: size }, (_, i) => (i < order.length ? 1 : 0)));
}

/** Rows of every array of a tree, along its first axis. */
export function rowsOf<D extends Tree>(data: D, rows: Int32Array): D {
  return mapTree(data, (x, path) => {
    if (!isArray(x)) throw new TensorError(`batches: ${path} ${describe(x)} is a symbol without values`);
    const width = sizeOf(x.shape.slice(1));
    const values = allocate(x.dtype, rows.length * width);
    rows.forEach((row, i) => values.set(x.data.subarray(row * width, (row + 1) * width), i * width));
    return tensor(values, [rows.length, ...x.shape.slice(1)], { dtype: x.dtype });
  });
}

function examplesOf(data: Tree): number {
  const leaves = leavesOf(data);
  const [first] = leaves;
  const count = first?.tensor.shape[0];
  if (first === undefined || count === undefined)
    throw new TensorError("batches: expected arrays whose first axis is the example");
  const other = leaves.find(({ tensor: x }) => x.shape[0] !== count);
  if (other !== undefined) {
    throw new TensorError(
      `batches: ${first.path} ${describe(first.tensor)} has ${count} examples but ${other.path} has the shape ${describe(other.tensor)}`,
    );
  }
  return count;
}
