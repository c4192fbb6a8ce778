import { isTensor, tensor, TensorError, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, hasMembers, nth, shown } from "@sluice/tensor/internal";
import {
  rowsOf,
  streamBatches,
  type ExampleSource,
  type Numbered,
  type Parts,
  type StreamPosition,
  type Weighted,
} from "@sluice/train";

/** Examples that need not fit in memory, made by {@link exampleStream}. */
export interface ExampleStream<E> {
  /** For each epoch, chunks of examples, one after the other. */
  readonly chunks: (epoch: number) => AsyncIterable<E> | Iterable<E>;
  /** Examples among which the training shuffles. */
  readonly buffer: number;
}

/** Options of {@link exampleStream}. */
export interface ExampleStreamOptions {
  /**
   * How many examples are held to be shuffled for training: a larger buffer shuffles better and takes more memory. An
   * evaluation has the order of the source. Default 0: the training too.
   */
  readonly buffer?: number;
}

/**
 * Examples for {@link fit} and {@link evaluateModel} that do not fit in memory. The source gives chunks of examples for
 * each epoch, such as the contents of one file after the other: tensors by name, whose first axis is the example.
 * Examples of all chunks have the same shapes; pad sequences to one number of steps and give `lengths`. At most a chunk,
 * a batch and the buffer are held. A run is repeatable, and can be resumed, if the source gives the same examples for
 * the same epoch.
 *
 *     const train = exampleStream(async function* () { for (const file of files) yield await read(file); }, { buffer: 1000 });
 *     await fit(model, { train, validation }, { loss: crossEntropy, epochs: 3 });
 */
export function exampleStream<E extends Parts>(
  chunks: (epoch: number) => AsyncIterable<E> | Iterable<E>,
  options: ExampleStreamOptions = {},
): ExampleStream<E> {
  checkOptions("exampleStream", options, ["buffer"], { shuffle: "buffer", size: "buffer" });
  if (typeof chunks !== "function")
    throw new TensorError(
      `exampleStream: expected a function of the epoch that gives chunks of examples, got ${shown(chunks)}; write () => chunks`,
    );
  const { buffer = 0 } = options;
  if (!Number.isSafeInteger(buffer) || buffer < 0)
    throw new TensorError(`exampleStream: expected buffer as an integer >= 0, got ${shown(buffer)}`);
  return { chunks, buffer };
}

/** Whether examples come as a stream. */
export const isExampleStream = <E>(examples: E | ExampleStream<E>): examples is ExampleStream<E> =>
  hasMembers(examples, { chunks: "function", buffer: "number" });

/** Where the batches of a stream begin, and how they are made. */
export interface StreamedOptions {
  readonly size: number;
  /** Shuffles, if the stream has a buffer. Default: the order of the source. */
  readonly key?: ArrayTensor;
  readonly from: StreamPosition;
}

/**
 * The batches of a stream's epoch from a place on, like those of examples in memory. A batch with `lengths` is sorted
 * longest first, so that it costs only its real steps.
 */
export async function* batchesOfStream<B extends Parts>(
  { chunks, buffer }: ExampleStream<B>,
  { size, key, from }: StreamedOptions,
): AsyncGenerator<Numbered<Weighted<B>>> {
  const source: ExampleSource<B> = chunks;
  const shuffle = key === undefined || buffer === 0 ? {} : { key, buffer };
  for await (const { batch, examples, epoch, index } of streamBatches(source, {
    size,
    from,
    epochs: from.epoch + 1,
    ...shuffle,
  })) {
    const order = longestFirst(batch, examples);
    // Which example of the source it is, if they were not shuffled.
    const places = "key" in shuffle ? new Int32Array() : order.map((row) => index * size + row);
    yield { batch: sorted(batch, order, size), examples, order: places, step: index, epoch };
  }
}

/** The rows that count, longest first; as they are, if there are no lengths. */
function longestFirst(batch: Parts, examples: number): Int32Array {
  const rows = Int32Array.from({ length: examples }, (_, row) => row);
  const lengths = lengthsOf(batch);
  return lengths === undefined ? rows : rows.sort((a, b) => nth(lengths, b) - nth(lengths, a));
}

function sorted<B extends Parts>(batch: Weighted<B>, order: Int32Array, size: number): Weighted<B> {
  const lengths = lengthsOf(batch);
  if (lengths === undefined) return batch;
  const { weight } = batch;
  const rows = Int32Array.from({ length: size }, (_, row) => nth(order, row < order.length ? row : 0));
  const steps = Int32Array.from({ length: size }, (_, row) => (row < order.length ? nth(lengths, nth(order, row)) : 0));
  return { ...rowsOf(batch, rows), lengths: tensor(steps), weight };
}

function lengthsOf({ lengths }: Parts): ArrayLike<number> | undefined {
  if (lengths === undefined || !isTensor(lengths)) return undefined;
  if (lengths.dtype === "i32" && lengths.shape.length === 1) return valuesOf(lengths);
  throw new TensorError(
    `exampleStream: lengths must be i32 [examples], the steps of each example, got ${lengths.dtype}; make them with tensor(values, [examples], { dtype: "i32" })`,
  );
}
