import {
  keyAt,
  leavesOf,
  mapTree,
  randomBits,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Tree,
} from "@sluice/tensor";
import { allocate, checkKey, checkOptions, describe, sameShape, shown, sizeOf } from "@sluice/tensor/internal";
import { rowsOf, weightOf, type Weighted } from "./batches.ts";
import type { Parts } from "./ragged-batches.ts";

/** A source of examples that need not fit in memory: for each epoch, chunks of examples, one after the other. */
export type ExampleSource<D extends Parts> = (epoch: number) => AsyncIterable<D> | Iterable<D>;

/** A place in a stream: the batch with this index, from 0, of an epoch. */
export interface StreamPosition {
  readonly epoch: number;
  readonly index: number;
}

/** Options of {@link streamBatches}. */
export interface StreamBatchesOptions {
  /** Examples per batch. */
  readonly size: number;
  /**
   * How many examples are held to be shuffled: a larger buffer shuffles better and takes more memory. Needs a key.
   * Default 0: the order is that of the source.
   */
  readonly buffer?: number;
  /** Key of the shuffle. The same key gives the same batches. */
  readonly key?: ArrayTensor;
  /** What to do with the last batch of an epoch if it is too small, as for {@link batches}. Default "pad". */
  readonly last?: "pad" | "drop";
  /** The number of epochs, counted from 0. Default 1. */
  readonly epochs?: number;
  /**
   * Where to begin: `next` of the last batch that was trained on. Earlier epochs are not read again; of this epoch the
   * examples before are read and left out. Default: the first batch.
   */
  readonly from?: StreamPosition;
}

/** A batch of a stream. */
export interface StreamedBatch<D> extends StreamPosition {
  /** The examples, with the weight of each: 1, or 0 for padding. */
  readonly batch: Weighted<D>;
  /** The number of examples that count, at most the batch's size. */
  readonly examples: number;
  /** Where to go on after this batch: save it beside the weights. */
  readonly next: StreamPosition;
}

/**
 * Cuts a stream of examples into batches of one size, for data that do not fit in memory. Each chunk of the source is an
 * object of arrays whose first axis is the example, such as the contents of one file; chunks may have different numbers
 * of examples. At most `buffer` examples are held, besides one chunk and one batch.
 *
 * With a buffer of n examples, each next example is drawn from the n that are held, and the next one of the source takes
 * its place. The draws depend on the key, the epoch and the place alone, so a stream that goes on at `from` has the bits
 * of one that was not interrupted, if the source gives the same examples again.
 *
 *     for await (const { batch } of streamBatches(readShards, { size: 32, buffer: 1000, key: key(1) }))
 *       await training.step(batch);
 */
export function streamBatches<D extends Parts>(
  source: ExampleSource<D>,
  options: StreamBatchesOptions,
): AsyncIterable<StreamedBatch<D>> {
  const complete = checkStream(source, options);
  return { [Symbol.asyncIterator]: () => epochsOf(source, complete) };
}

type Complete = Required<Omit<StreamBatchesOptions, "key">> & Pick<StreamBatchesOptions, "key">;

function checkStream(source: unknown, options: StreamBatchesOptions): Complete {
  const operation = "streamBatches";
  if (typeof source !== "function")
    throw new TensorError(
      `${operation}: expected a function of the epoch that gives chunks of examples, got ${shown(source)}; write () => chunks`,
    );
  checkOptions(operation, options, ["size", "buffer", "key", "last", "epochs", "from"], {
    batchSize: "size",
    shuffle: "buffer",
    seed: "key",
    resume: "from",
  });
  const { size, buffer = 0, key, last = "pad", epochs = 1, from = { epoch: 0, index: 0 } } = options;
  const counts = { size: [size, 1], buffer: [buffer, 0], "from.epoch": [from.epoch, 0], "from.index": [from.index, 0] };
  for (const [name, [value = NaN, least = 0]] of Object.entries(counts))
    if (!Number.isSafeInteger(value) || value < least)
      throw new TensorError(`${operation}: ${name} must be an integer >= ${least}, got ${shown(value)}`);
  if (epochs !== Infinity && !(Number.isSafeInteger(epochs) && epochs >= 1))
    throw new TensorError(`${operation}: epochs must be an integer >= 1 or Infinity, got ${shown(epochs)}`);
  if (last !== "pad" && last !== "drop")
    throw new TensorError(`${operation}: last must be "pad" or "drop", got ${shown(last)}`);
  if (key !== undefined) checkKey(operation, key);
  if (buffer > 0 && key === undefined)
    throw new TensorError(`${operation}: a buffer of ${buffer} examples shuffles, which needs a key; pass key: key(0)`);
  if (buffer === 0 && key !== undefined)
    throw new TensorError(`${operation}: a key needs a buffer, the number of examples to shuffle among`);
  return { size, buffer, last, epochs, from, ...(key !== undefined && { key }) };
}

async function* epochsOf<D extends Parts>(
  source: ExampleSource<D>,
  options: Complete,
): AsyncGenerator<StreamedBatch<D>> {
  const { from, epochs } = options;
  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    const first = epoch === from.epoch ? from.index : 0;
    yield* batchesOf(shuffledExamples(examplesOf(source(epoch)), epoch, options), { ...options, epoch, first });
  }
}

async function* batchesOf<D extends Parts>(
  examples: AsyncIterable<D>,
  { size, last, epoch, first }: Complete & { readonly epoch: number; readonly first: number },
): AsyncGenerator<StreamedBatch<D>> {
  let [index, count] = [0, 0];
  let held: D[] = [];
  const full = (): StreamedBatch<D> => ({
    batch: { ...joined(held, size), weight: weightOf(Int32Array.from(held.keys()), size) },
    examples: held.length,
    epoch,
    index,
    next: { epoch, index: index + 1 },
  });
  for await (const example of examples) {
    count++;
    if (index >= first) held.push(example);
    if (count < size) continue;
    if (index >= first) yield full();
    [index, count, held] = [index + 1, 0, []];
  }
  if (held.length > 0 && last === "pad") yield full();
}

/** The examples in another order, each drawn from those that are held. */
async function* shuffledExamples<D extends Parts>(
  examples: AsyncIterable<D>,
  epoch: number,
  { buffer, key }: Complete,
): AsyncGenerator<D> {
  if (key === undefined) {
    yield* examples;
    return;
  }
  const draw = draws(key, epoch);
  const held: D[] = [];
  for await (const example of examples) {
    if (held.length < buffer) {
      held.push(example);
      continue;
    }
    const place = draw(held.length);
    const drawn = held[place];
    held[place] = example;
    if (drawn !== undefined) yield drawn;
  }
  while (held.length > 0) {
    const place = draw(held.length);
    const [drawn, end] = [held[place], held.pop()];
    if (place < held.length && end !== undefined) held[place] = end;
    if (drawn !== undefined) yield drawn;
  }
}

/** A function that draws numbers below a bound, one after the other, for one epoch. */
function draws(key: ArrayTensor, epoch: number): (below: number) => number {
  const block = 1024;
  const own = keyAt(key, epoch);
  let words = valuesOf(randomBits(own, [block], 0));
  let drawn = 0;
  return (below) => {
    if (drawn > 0 && drawn % block === 0) words = valuesOf(randomBits(own, [block], drawn / block));
    const word = (words[drawn % block] ?? 0) >>> 0;
    drawn++;
    return word % below;
  };
}

/** Each example of the chunks, as a chunk of one. Throws if two chunks do not fit each other. */
async function* examplesOf<D extends Parts>(chunks: AsyncIterable<D> | Iterable<D>): AsyncGenerator<D> {
  let expected: string | undefined;
  let n = 0;
  for await (const chunk of chunks) {
    const place = `streamBatches: chunk ${n}`;
    if ("weight" in chunk) throw new TensorError(`${place} has a part called weight, which batches add; rename it`);
    const leaves = leavesOf(chunk);
    const count = leaves[0]?.tensor.shape[0];
    if (count === undefined)
      throw new TensorError(`${place} has no arrays, expected arrays whose first axis is the example`);
    const other = leaves.find(({ tensor: x }) => x.shape[0] !== count);
    if (other !== undefined)
      throw new TensorError(
        `${place} has ${other.path} ${describe(other.tensor)} beside ${count} examples, expected arrays whose first axis is the example`,
      );
    const form = leaves.map(({ path, tensor: x }) => `${path} ${x.dtype} [${x.shape.slice(1).join(",")}]`).join("; ");
    expected ??= form;
    if (form !== expected)
      throw new TensorError(`streamBatches: an example of chunk ${n} has ${form}, those before have ${expected}`);
    for (let row = 0; row < count; row++) yield rowsOf(chunk, Int32Array.of(row));
    n++;
  }
}

/** Examples of one as one, filled up to `size` with the first. */
function joined<D extends Tree>(examples: readonly D[], size: number): D {
  const [first] = examples;
  if (first === undefined) throw new TensorError("streamBatches: a batch has no examples");
  const all = examples.map((example) => leavesOf(example));
  let leaf = -1;
  return mapTree(first, (x) => {
    leaf++;
    const shape = x.shape.slice(1);
    const width = sizeOf(shape);
    const values = allocate(x.dtype, size * width);
    for (let row = 0; row < size; row++) {
      const own = all[row < all.length ? row : 0]?.[leaf]?.tensor;
      if (own !== undefined && sameShape(own.shape, x.shape)) values.set(valuesOf(own), row * width);
    }
    return tensor(values, [size, ...shape], { dtype: x.dtype });
  });
}
