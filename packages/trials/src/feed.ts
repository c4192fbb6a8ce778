/** Where the batches of training come from: examples in memory, or a stream. */
import { TensorError, type ArrayTensor } from "@sluice/tensor";
import type { Batches, Numbered, Parts, Weighted } from "@sluice/train";
import { batchesOfStream, type ExampleStream } from "./example-stream.ts";

/** The batches of training, one after the other. */
export interface Feed<B extends Parts> {
  /** Reads on until it is known what follows `step` steps: another batch, or the end of an epoch. */
  reach(step: number): Promise<void>;
  /** The batch after `step` steps. */
  at(step: number): Promise<Numbered<Weighted<B>>>;
  /** The number of complete epochs in this many steps. */
  epochsAt(step: number): number;
  /** The number of steps in this many epochs; Infinity while a stream has not come to their end. */
  stepsIn(epochs: number): number;
  /** Steps after which epochs of a stream ended, as a checkpoint keeps them; none of examples in memory. */
  ends(): readonly number[];
  close(): Promise<void>;
}

/** Batches as a pure function of the step. */
export function feedOf<B extends Parts>(batches: Batches<B>): Feed<B> {
  return {
    reach: async () => {},
    at: async (step) => batches.at(step),
    epochsAt(step) {
      let epochs = Math.floor(step / batches.stepsIn(1));
      while (batches.stepsIn(epochs) > step) epochs -= 1;
      while (batches.stepsIn(epochs + 1) <= step) epochs += 1;
      return epochs;
    },
    stepsIn: (epochs) => batches.stepsIn(epochs),
    ends: () => [],
    close: async () => {},
  };
}

/** How a stream becomes batches, and the epochs that ended before a checkpoint. */
export interface StreamFeedOptions {
  readonly size: number;
  readonly key: ArrayTensor;
  readonly ends: readonly number[];
}

/** Batches of a stream. It reads one batch ahead, since only reading shows where an epoch ends. */
export function streamFeed<B extends Parts>(
  stream: ExampleStream<B>,
  { size, key, ends: before }: StreamFeedOptions,
): Feed<B> {
  const ends = [...before];
  let open: AsyncGenerator<Numbered<Weighted<B>>> | undefined;
  let ahead: { readonly step: number; readonly numbered: Numbered<Weighted<B>> } | undefined;
  const read = async (step: number): Promise<void> => {
    const [epoch, index] = [ends.length, step - (ends.at(-1) ?? 0)];
    open ??= batchesOfStream(stream, { size, key, from: { epoch, index } });
    const { done, value } = await open.next();
    if (done !== true) {
      ahead = { step, numbered: { ...value, step } };
      return;
    }
    if (index === 0) throw new TensorError(`fit: the stream data.train gave no examples for epoch ${epoch}`);
    open = undefined;
    ends.push(step);
  };
  const isReached = (step: number): boolean => ahead?.step === step || ends.at(-1) === step;
  return {
    async reach(step) {
      if (!isReached(step)) await read(step);
    },
    async at(step) {
      if (ahead?.step !== step) await read(step);
      if (ahead?.step === step) return ahead.numbered;
      throw new TensorError(
        `fit: the stream data.train has no batch after ${step} steps; it gave fewer examples than before`,
      );
    },
    epochsAt: (step) => ends.filter((end) => end <= step).length,
    stepsIn: (epochs) => (epochs === 0 ? 0 : (ends[epochs - 1] ?? Infinity)),
    ends: () => [...ends],
    async close() {
      await open?.return(undefined);
    },
  };
}
