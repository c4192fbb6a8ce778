import {
  allocate, checkOptions, describe, isArray, keyAt, keyFor, leavesOf, mapTree, sizeOf, tensor, TensorError,
  type ArrayTensor, type Tensor, type Tree,
} from "@sluice/tensor";
import { everyStep } from "./every-step.ts";
import { keepingLast } from "./keeping-last.ts";
import { permutation } from "./permutation.ts";

export interface BatchesOptions {
  /** Examples a batch. */
  readonly size: number;
  /** Shuffles anew each epoch, by this key. Without it the order is the data's. */
  readonly key?: ArrayTensor;
  /** The last batch of an epoch, where it is short: padded with examples of weight 0, or dropped. Default "pad". */
  readonly last?: "pad" | "drop";
}

/** A batch and where in training it stands. */
export interface Numbered<B> {
  readonly batch: B;
  /** Examples that count, at most the batch's size. */
  readonly examples: number;
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
  /** Batches an epoch. */
  readonly perEpoch: number;
  at(step: number): Numbered<Weighted<D>>;
  /** The batches of one epoch, from 0. */
  epoch(epoch: number): Iterable<Numbered<Weighted<D>>>;
  /** All steps from `first` up to, not including, `end` (default: without end). */
  from(first: number, end?: number): Iterable<Numbered<Weighted<D>>>;
}

/**
 * Cuts a data set into batches of one size: arrays whose first axis is the example. Every example comes once an epoch. A last short batch is filled up by
 * repeating its first example with weight 0 (give `batch.weight` to the loss as mask), so that no other shape is ever compiled.
 */
export function batches<D extends { readonly [name: string]: Tree }>(data: D, options: BatchesOptions): Batches<D> {
  checkOptions("batches", options, ["size", "key", "last"], { batchSize: "size", batch_size: "size", seed: "key", shuffle: "key", drop_last: "last" });
  const { size, key, last = "pad" } = options;
  const examples = examplesOf(data);
  if (!Number.isInteger(size) || size < 1) throw new TensorError(`batches: expected a size >= 1, got ${size}`);
  if (last !== "pad" && last !== "drop") throw new TensorError(`batches: expected last as "pad" or "drop", got ${String(last)}`);
  if ("weight" in data) throw new TensorError("batches: the data has a part called weight, which is the name of the weights that batches add; rename it");
  const perEpoch = last === "pad" ? Math.ceil(examples / size) : Math.floor(examples / size);
  if (perEpoch === 0) {
    throw new TensorError(examples === 0 ? "batches: the data has no examples" : `batches: ${examples} examples are less than one batch of ${size}, and last is "drop"`);
  }
  const orderOf = orders(key, examples);

  return everyStep("batches", {
    examples,
    perEpoch,
    at(step) {
      const epoch = Math.floor(step / perEpoch);
      const start = (step - epoch * perEpoch) * size;
      const order = orderOf(epoch);
      const count = Math.min(size, examples - start);
      const rows = Int32Array.from({ length: size }, (_, i) => order[start + (i < count ? i : 0)]!);
      const weight = tensor(Float32Array.from({ length: size }, (_, i) => (i < count ? 1 : 0)));
      return { batch: { ...rowsOf(data, rows), weight }, examples: count, step, epoch };
    },
  });
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
  if (first === undefined || count === undefined) throw new TensorError("batches: expected arrays whose first axis is the example");
  const other = leaves.find(({ tensor: x }) => x.shape[0] !== count);
  if (other !== undefined) {
    throw new TensorError(`batches: ${first.path} ${describe(first.tensor)} has ${count} examples but ${other.path} has the shape ${describe(other.tensor)}`);
  }
  return count;
}

/** The order of each epoch. */
function orders(key: ArrayTensor | undefined, examples: number): (epoch: number) => Int32Array {
  const inOrder = Int32Array.from({ length: examples }, (_, i) => i);
  if (key === undefined) return () => inOrder;
  const shuffles = keyFor(key, "shuffle");
  return keepingLast((epoch) => {
    const epochKey = keyAt(shuffles, epoch);
    if (!isArray(epochKey)) throw new TensorError("batches: the key is a symbol without values");
    return permutation(epochKey, examples);
  });
}
