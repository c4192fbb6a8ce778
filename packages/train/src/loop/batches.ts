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
import { allocate, checkOptions, describe, isArray, sizeOf } from "@sluice/tensor/internal";
import { cutEpochs, type Cut } from "./cut-epochs.ts";
import { everyStep } from "./every-step.ts";

export interface BatchesOptions {
  /** Examples a batch. */
  readonly size: number;
  /** Shuffles anew each epoch, by this key. Without it the order is the data's. */
  readonly key?: ArrayTensor;
  /**
   * The last batch of an epoch, where it is short: padded with examples of weight 0, or dropped. Default "pad". Its
   * examples are others in each epoch with a key; without one they are always the last of the data, which "drop" then
   * never shows.
   */
  readonly last?: "pad" | "drop";
  /**
   * Where the data has `lengths` (i32 `[examples]`): the longest sequence of each batch stands first, so that the steps
   * behind a sequence's end cost nothing, and the rows that fill up a batch have no steps. Default false.
   */
  readonly longestFirst?: boolean;
}

/** A batch and where in training it stands. */
export interface Numbered<B> {
  readonly batch: B;
  /** Examples that count, at most the batch's size. */
  readonly examples: number;
  /** Row i of the batch is example `order[i]` of the data, for the rows that count. */
  readonly order: Int32Array;
  /** From 0, over all epochs. */
  readonly step: number;
  readonly epoch: number;
}

/** The data of a batch, with the weight of each example, f32 [size]: 1, or 0 for padding. */
export type Weighted<D> = D & { readonly weight: Tensor };

/** Batches as a pure function of the step, so training goes on at any step with the order of an uninterrupted run. */
export interface Batches<D> {
  /** Examples in the data. */
  readonly examples: number;
  /** Batches of the first so many epochs: `from(0, stepsIn(2))` are two of them. */
  stepsIn(epochs: number): number;
  at(step: number): Numbered<Weighted<D>>;
  /** The batches of one epoch, from 0. */
  epoch(epoch: number): Iterable<Numbered<Weighted<D>>>;
  /** All steps from `first` up to, not including, `end` (default: without end). */
  from(first: number, end?: number): Iterable<Numbered<Weighted<D>>>;
  /** Steps of the longest sequence of a batch, known without making it, where the data has lengths. */
  longestAt?(step: number): number;
  /**
   * Paths of the parts that have one entry for each step of a sequence, where that is known: others have one a
   * sequence.
   */
  readonly perStep?: ReadonlySet<string>;
}

/**
 * Cuts a data set into batches of one size: arrays whose first axis is the example. Every example comes once an epoch.
 * A last short batch is filled up by repeating its first example with weight 0 (give `batch.weight` to the loss as
 * mask), so that no other shape is ever compiled.
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
    throw new TensorError("batches: longestFirst needs lengths in the data, i32 [examples]");
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

const isLengths = (x: Tree | undefined): x is ArrayTensor =>
  isTensor(x) && isArray(x) && x.dtype === "i32" && x.shape.length === 1;

/** The most steps that an example of a batch has. */
export const longestOf =
  (lengths: ArrayLike<number>, cut: Cut) =>
  (step: number): number =>
    cut.at(step).order.reduce((most, n) => Math.max(most, lengths[n]!), 0);

/** The numbers of a batch's examples and, up to its size, the first one again and again. */
export function filledUp(order: Int32Array, size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => order[i < order.length ? i : 0]!);
}

export function weightOf(order: Int32Array, size: number): Tensor {
  return tensor(Float32Array.from({ length: size }, (_, i) => (i < order.length ? 1 : 0)));
}

/** Rows of every array of a tree along its first axis. */
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
