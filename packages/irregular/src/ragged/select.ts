import { keyFor, randomBits, tensor, TensorError, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { allocate, checkOptions, describe, sizeOf, shown } from "@sluice/tensor/internal";
import { lengthsOf, mapSteps, unchecked, type RaggedBatch } from "./ragged-batch.ts";

/** The sequences with these indices, in this order. An index may occur more than once. */
export function takeSequences(batch: RaggedBatch, numbers: readonly number[] | Int32Array): RaggedBatch {
  const from = batch.offsets.data;
  const wrong = numbers.find((i) => !Number.isInteger(i) || i < 0 || i + 1 >= from.length);
  if (wrong !== undefined)
    throw new TensorError(`takeSequences: expected sequences from 0 to ${from.length - 2}, got ${shown(wrong)}`);
  const offsets = new Int32Array(numbers.length + 1);
  numbers.forEach((i, to) => (offsets[to + 1] = offsets[to]! + from[i + 1]! - from[i]!));
  return mapSteps(batch, tensor(offsets), (x) => {
    const width = sizeOf(x.shape.slice(1));
    const steps = offsets[numbers.length]!;
    const data = allocate(x.dtype, steps * width);
    numbers.forEach((i, to) => data.set(x.data.subarray(from[i]! * width, from[i + 1]! * width), offsets[to]! * width));
    return unchecked(data, [steps, ...x.shape.slice(1)], x.dtype);
  });
}

/** Sorted sequences and their order. */
export interface Sorted {
  readonly batch: RaggedBatch;
  /** Sequence `i` of the result is sequence `order[i]` of the argument. Use it to reorder labels. */
  readonly order: Int32Array;
}

/**
 * Sorts the sequences, longest first, so that at every step the rows still running are the first ones. Sequences of
 * equal length keep their order.
 */
export function sortByLength(batch: RaggedBatch): Sorted {
  const lengths = lengthsOf(batch).data;
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i).sort(
    (a, b) => lengths[b]! - lengths[a]! || a - b,
  );
  return { batch: takeSequences(batch, order), order };
}

/**
 * The indices of the sequences of each batch of `size`. Each batch has sequences of similar length, so that little is
 * padded.
 *
 * With a key, sequences of equal length are shuffled and the batches come in random order. Without one, the longest
 * come first. If `size` does not divide the number of sequences, the last batch is short: with a key its sequences are
 * drawn from all lengths alike, without one they are the last of the data. They must not always be the shortest: a mean
 * over a short batch gives its sequences more weight, and dropping the batch hides them.
 */
export function batchesByLength(
  batch: RaggedBatch,
  options: { readonly size: number; readonly key?: ArrayTensor },
): Int32Array[] {
  checkOptions("batchesByLength", options, ["size", "key"], {
    batchSize: "size",
    batch_size: "size",
    shuffle: "key",
    seed: "key",
  });
  const { size, key } = options;
  if (!Number.isInteger(size) || size < 1)
    throw new TensorError(`batchesByLength: size must be an integer >= 1, got ${shown(size)}`);
  const lengths = lengthsOf(batch).data;
  const words = (name: string, n: number): ArrayLike<number> =>
    key === undefined ? new Int32Array(n) : valuesOf(randomBits(keyFor(key, name), [n]));
  const all = Int32Array.from({ length: lengths.length }, (_, i) => i);
  const [ties, drawn] = [words("sequences", lengths.length), words("left over", lengths.length)];
  const byLength = (numbers: Int32Array): Int32Array =>
    numbers.toSorted((a, b) => lengths[b]! - lengths[a]! || ties[a]! - ties[b]! || a - b);
  const full = lengths.length - (lengths.length % size);
  const inOrder = all.toSorted((a, b) => drawn[a]! - drawn[b]! || a - b);
  const order = byLength(inOrder.subarray(0, full));
  const batches = Array.from({ length: full / size }, (_, i) => order.slice(i * size, (i + 1) * size));
  const places = words("batches", batches.length);
  const placed = batches
    .map((numbers, i) => ({ numbers, i }))
    .sort((a, b) => places[a.i]! - places[b.i]! || a.i - b.i)
    .map(({ numbers }) => numbers);
  return full === lengths.length ? placed : [...placed, byLength(inOrder.subarray(full))];
}

/**
 * Joins several batches into one. They must have the same features and dtypes, and either all or none must have elapsed
 * times, and masks.
 */
export function joinRagged(batches: readonly RaggedBatch[]): RaggedBatch {
  const [first] = batches;
  if (first === undefined) throw new TensorError("joinRagged: expected at least one batch");
  const offsets = [0];
  for (const {
    offsets: { data },
  } of batches) {
    const start = offsets.at(-1)!;
    for (let i = 1; i < data.length; i++) offsets.push(start + data[i]!);
  }
  const joined = (name: "values" | "elapsed" | "mask", like: ArrayTensor): ArrayTensor => {
    const width = sizeOf(like.shape.slice(1));
    const data = allocate(like.dtype, offsets.at(-1)! * width);
    let to = 0;
    batches.forEach((batch, i) => {
      const part = batch[name];
      if (part === undefined || part.dtype !== like.dtype || part.shape[1] !== like.shape[1]) {
        throw new TensorError(
          `joinRagged: ${name} of batch 0 is ${like.dtype} ${describe(like)}, but of batch ${i} ${part === undefined ? "there is none" : `${part.dtype} ${describe(part)}`}`,
        );
      }
      data.set(part.data, to);
      to += part.data.length;
    });
    return unchecked(data, [offsets.at(-1)!, ...like.shape.slice(1)], like.dtype);
  };
  for (const name of ["elapsed", "mask"] as const) {
    const extra = first[name] === undefined ? batches.findIndex((batch) => batch[name] !== undefined) : -1;
    if (extra >= 0) throw new TensorError(`joinRagged: batch ${extra} has ${name}, but batch 0 has none`);
  }
  return {
    values: joined("values", first.values),
    offsets: tensor(Int32Array.from(offsets)),
    ...(first.elapsed === undefined ? {} : { elapsed: joined("elapsed", first.elapsed) }),
    ...(first.mask === undefined ? {} : { mask: joined("mask", first.mask) }),
  };
}
