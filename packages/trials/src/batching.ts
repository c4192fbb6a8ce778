import { isTensor, leavesOf, type Tree } from "@sluice/tensor";
import { batches, type Batches, type BatchesOptions, type Parts } from "@sluice/train";

/** Cuts examples into batches. `batches` and `raggedBatches` of `@sluice/train` are such functions. */
export type BatchesOf<E, B extends Parts> = (examples: E, options: BatchesOptions) => Batches<B>;

/** How examples are cut into batches. */
export interface BatchingOptions<E, B extends Parts> {
  /** Examples a batch. Default 32. */
  readonly size?: number;
  /**
   * Cuts the data into batches. Default `batches`, and where the data has `lengths`, with the longest of a batch first:
   * then a batch costs its real steps, not the padded ones.
   */
  readonly batches?: BatchesOf<E, B>;
}

/** What batches hold where nothing else is said: the examples' own parts. */
export type OwnParts<E, Needed extends Parts = Parts> = E extends Needed ? E : Needed;

/** `batches` must be given where the examples are not themselves what a batch holds. */
export type BatchesIfNeeded<E, B extends Parts> = E extends B ? unknown : { readonly batches: BatchesOf<E, B> };

export const batchingOptions = ["size", "batches"];

/** The function that cuts examples into batches of the size that was asked for. */
export function batchingOf<E, B extends Parts>({
  size = 32,
  batches: cut = exampleBatches,
}: BatchingOptions<E, B>): (examples: E, options?: Omit<BatchesOptions, "size">) => Batches<B> {
  return (examples, options = {}) => cut(examples, { size, ...options });
}

function exampleBatches<E, B extends Parts>(examples: E, options: BatchesOptions): Batches<B>;
function exampleBatches(examples: Parts, options: BatchesOptions): Batches<Parts> {
  const { lengths } = examples;
  return batches(examples, { ...options, longestFirst: lengths !== undefined && isTensor(lengths) });
}

/** Names the shapes and dtypes of a batch: batches with the same name can go through one program. */
export const shapesOf = (batch: Tree): string =>
  leavesOf(batch)
    .map(({ path, tensor: { shape, dtype } }) => `${path} ${dtype} [${shape.join(",")}]`)
    .join("; ");
