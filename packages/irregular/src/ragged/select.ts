import { allocate, describe, keyFor, randomBits, sizeOf, tensor, TensorError, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { lengthsOf, raggedBatch, type RaggedBatch } from "./ragged-batch.ts";

/** The sequences of these numbers, in their order. A number may come more than once. */
export function takeSequences(batch: RaggedBatch, numbers: readonly number[] | Int32Array): RaggedBatch {
  const { values, elapsed, mask } = batch;
  const from = batch.offsets.data;
  const chosen = Array.from(numbers);
  const wrong = chosen.find((i) => !Number.isInteger(i) || i < 0 || i + 1 >= from.length);
  if (wrong !== undefined) throw new TensorError(`takeSequences: expected sequences from 0 to ${from.length - 2}, got ${wrong}`);
  const offsets = [0];
  for (const i of chosen) offsets.push(offsets.at(-1)! + from[i + 1]! - from[i]!);
  const taken = (x: ArrayTensor): ArrayTensor => {
    const width = sizeOf(x.shape.slice(1));
    const data = allocate(x.dtype, offsets.at(-1)! * width);
    chosen.forEach((i, to) => data.set(x.data.subarray(from[i]! * width, from[i + 1]! * width), offsets[to]! * width));
    return tensor(data, [offsets.at(-1)!, ...x.shape.slice(1)], { dtype: x.dtype });
  };
  return raggedBatch({
    values: taken(values),
    offsets,
    ...(elapsed === undefined ? {} : { elapsed: taken(elapsed) }),
    ...(mask === undefined ? {} : { mask: taken(mask) }),
  });
}

export interface Sorted {
  readonly batch: RaggedBatch;
  /** Where each sequence stood: sequence `i` of the result is sequence `order[i]` of the argument. Labels are taken by it too. */
  readonly order: Int32Array;
}

/** Longest first, so that the rows that are still running are always the first ones. Sequences of one length keep their order. */
export function sortByLength(batch: RaggedBatch): Sorted {
  const lengths = lengthsOf(batch).data;
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  return { batch: takeSequences(batch, order), order };
}

/**
 * The numbers of the sequences of each batch of at most `size`, like lengths together, so that little is padded. With a key, sequences of one length are
 * mixed, and the batches come in random order; without one, the longest are first.
 */
export function batchesByLength(batch: RaggedBatch, { size, key }: { readonly size: number; readonly key?: ArrayTensor }): Int32Array[] {
  if (!Number.isInteger(size) || size < 1) throw new TensorError(`batchesByLength: size must be an integer >= 1, got ${size}`);
  const lengths = lengthsOf(batch).data;
  const words = (name: string, n: number): ArrayLike<number> => (key === undefined ? new Int32Array(n) : valuesOf(randomBits(keyFor(key, name), [n])));
  const ties = words("sequences", lengths.length);
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || ties[a]! - ties[b]! || a - b);
  const batches = Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
  const places = words("batches", batches.length);
  return batches.map((numbers, i) => ({ numbers, i })).sort((a, b) => places[a.i]! - places[b.i]! || a.i - b.i).map(({ numbers }) => numbers);
}

/** Sequences of several batches in one. All must have the same features, and all or none elapsed times and masks. */
export function joinRagged(batches: readonly RaggedBatch[]): RaggedBatch {
  const [first] = batches;
  if (first === undefined) throw new TensorError("joinRagged: expected at least one batch");
  const offsets = [0];
  for (const { offsets: { data } } of batches) {
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
        throw new TensorError(`joinRagged: ${name} of batch 0 is ${like.dtype} ${describe(like)}, but of batch ${i} ${part === undefined ? "there is none" : `${part.dtype} ${describe(part)}`}`);
      }
      data.set(part.data, to);
      to += part.data.length;
    });
    return tensor(data, [offsets.at(-1)!, ...like.shape.slice(1)], { dtype: like.dtype });
  };
  for (const name of ["elapsed", "mask"] as const) {
    const extra = first[name] === undefined ? batches.findIndex((batch) => batch[name] !== undefined) : -1;
    if (extra >= 0) throw new TensorError(`joinRagged: batch ${extra} has ${name}, but batch 0 has none`);
  }
  return raggedBatch({
    values: joined("values", first.values),
    offsets,
    ...(first.elapsed === undefined ? {} : { elapsed: joined("elapsed", first.elapsed) }),
    ...(first.mask === undefined ? {} : { mask: joined("mask", first.mask) }),
  });
}
