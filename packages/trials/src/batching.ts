import { isTensor, leavesOf, TensorError, type Tree } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { batches, type Batches, type BatchesOptions, type Parts } from "@sluice/train";
import { isExampleStream } from "./example-stream.ts";

/** Cuts examples into batches, like `batches` and `raggedBatches` of `@sluice/train`. */
export type BatchesOf<E, B extends Parts> = (examples: E, options: BatchesOptions) => Batches<B>;

/** How examples are cut into batches. */
export interface BatchingOptions<E, B extends Parts> {
  /** Examples per batch. Default 32. */
  readonly size?: number;
  /**
   * Cuts the data into batches. Default: `batches`; if the data has `lengths`, each batch is sorted longest first, so
   * that it costs only its real steps, not the padded ones.
   */
  readonly batches?: BatchesOf<E, B>;
}

/** The default content of a batch: the same parts as the examples. */
export type OwnParts<E, Needed extends Parts = Parts> = E extends Needed ? E : Needed;

/** `batches` is required if a batch holds other parts than the examples. */
export type BatchesIfNeeded<E, B extends Parts> = E extends B ? unknown : { readonly batches: BatchesOf<E, B> };

export const batchingOptions = ["size", "batches"];

/** The function that cuts examples into batches of the requested size. */
export function batchingOf<E, B extends Parts>(
  operation: string,
  { size = 32, batches: cut }: BatchingOptions<E, B>,
): (examples: E, options?: Omit<BatchesOptions, "size">) => Batches<B> {
  return (examples, options = {}) => {
    if (cut !== undefined) return cut(examples, { size, ...options });
    checkExamples(operation, examples);
    return exampleBatches(examples, { size, ...options });
  };
}

/** Throws an error that begins with `operation` if examples are not tensors by name, all with as many rows. */
function checkExamples(operation: string, examples: unknown): void {
  if (typeof examples !== "object" || examples === null || Array.isArray(examples) || isTensor(examples))
    throw new TensorError(
      `${operation}: the examples are ${shown(examples)}, expected tensors by name, such as { x }${isTensor(examples) ? "; write { x: examples }" : ""}`,
    );
  if (isExampleStream(examples))
    throw new TensorError(
      `${operation}: the examples are a stream, expected tensors by name; give it the chunks of the stream, one after the other`,
    );
  for (const [name, part] of Object.entries(examples))
    if (typeof part !== "object" || part === null || ArrayBuffer.isView(part))
      throw new TensorError(
        `${operation}: ${name} is ${shown(part)}, expected a tensor; make one: tensor(values, shape), or tensor(values, shape, { dtype: "i32" }) for indices, such as classes`,
      );
}

function exampleBatches<E, B extends Parts>(examples: E, options: BatchesOptions): Batches<B>;
function exampleBatches(examples: Parts, options: BatchesOptions): Batches<Parts> {
  const { lengths } = examples;
  return batches(examples, { ...options, longestFirst: lengths !== undefined && isTensor(lengths) });
}

/** A text of the shapes and dtypes of a batch. Batches with the same text can use one program. */
export const shapesOf = (batch: Tree): string =>
  leavesOf(batch)
    .map(({ path, tensor: { shape, dtype } }) => `${path} ${dtype} [${shape.join(",")}]`)
    .join("; ");
