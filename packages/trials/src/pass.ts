import { TensorError } from "@sluice/tensor";
import type { Batches, Numbered, Parts, Weighted } from "@sluice/train";
import { batchingOf, type BatchingOptions } from "./batching.ts";
import { batchesOfStream, isExampleStream, type ExampleStream } from "./example-stream.ts";

/** The batches of one pass over examples, in their order. Each pass over a stream reads its first epoch. */
export interface Pass<B extends Parts> {
  /** A batch, for its shapes. */
  first(): Promise<Weighted<B>>;
  batches(): Iterable<Numbered<Weighted<B>>> | AsyncIterable<Numbered<Weighted<B>>>;
}

/** A pass over batches in memory. */
const passOver = <B extends Parts>(cut: Batches<B>): Pass<B> => ({
  first: async () => cut.at(0).batch,
  batches: () => cut.epoch(0),
});

/** A pass over examples in memory or of a stream. */
export function passOf<B extends Parts>(
  operation: string,
  examples: B | ExampleStream<B>,
  options: BatchingOptions<B, B>,
): Pass<B> {
  if (!isExampleStream(examples)) return passOver(batchingOf(operation, options)(examples));
  if (options.batches !== undefined)
    throw new TensorError(
      `${operation}: batches cuts examples in memory, but the examples come as a stream; leave batches out, or make the chunks of the stream as the model needs them`,
    );
  const { size = 32 } = options;
  const batches = () => batchesOfStream(examples, { size, from: { epoch: 0, index: 0 } });
  return {
    async first() {
      for await (const { batch } of batches()) return batch;
      throw new TensorError(`${operation}: the stream gave no examples`);
    },
    batches,
  };
}
