/** The batches of training, before it is known where a run begins. */
import { keyFor, type ArrayTensor, type Tree } from "@sluice/tensor";
import type { Parts, Weighted, WindowsOptions } from "@sluice/train";
import { batchingOf, type BatchingOptions } from "./batching.ts";
import { isExampleStream, type ExampleStream } from "./example-stream.ts";
import { feedOf, streamFeed, type Feed } from "./feed.ts";
import type { Model } from "./model.ts";
import { passOf } from "./pass.ts";
import { truncated, type Truncation } from "./truncation.ts";

/** Where training takes its batches from. */
export interface Source extends Pick<Truncation, "carry" | "optionsOf"> {
  /** A batch, for its shapes. */
  readonly first: Weighted<Parts>;
  /** The batches of a run, whose epochs so far ended after these steps. */
  feedFrom(ends: readonly number[]): Feed<Parts>;
}

/** What says how examples become batches. */
export interface SourceOptions extends BatchingOptions<Parts, Parts> {
  readonly params: Tree;
  readonly truncate?: WindowsOptions;
  /** The key of the run. */
  readonly root: ArrayTensor;
}

/** The batches of examples in memory, or their windows; or those of a stream. */
export async function sourceOf(
  examples: Parts | ExampleStream<Parts>,
  model: Model<Tree, Parts, Tree>,
  { root, ...options }: SourceOptions,
): Promise<Source> {
  const key = keyFor(root, "batches");
  if (isExampleStream(examples))
    return {
      first: await passOf("fit", examples, options).first(),
      feedFrom: (ends) => streamFeed(examples, { size: options.size ?? 32, key, ends }),
      carry: {},
      optionsOf: () => ({}),
    };
  const { batches, ...rest } = truncated(batchingOf("fit", options)(examples, { key }), model, options);
  return { ...rest, first: batches.at(0).batch, feedFrom: () => feedOf(batches) };
}
