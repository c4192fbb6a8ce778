import { keyAt, keyFor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkKey, isArray, shown } from "@sluice/tensor/internal";
import type { BatchesOptions, Numbered } from "./batches.ts";
import { keepingLast } from "./keeping-last.ts";
import { permutation } from "./permutation.ts";

/** Chooses the examples of the batch of each step. */
export interface Cut {
  stepsIn(epochs: number): number;
  at(step: number): Omit<Numbered<never>, "batch">;
}

export interface CutOptions extends BatchesOptions {
  readonly examples: number;
  /**
   * The examples of each batch of an epoch with this key, or in order without one. Default: a random order, cut into
   * pieces of `size`.
   */
  readonly cut?: (key: ArrayTensor | undefined) => readonly Int32Array[];
}

/** Cuts each epoch with its own key. */
export function cutEpochs(
  operation: string,
  { examples, size, key, last = "pad", cut = (epochKey) => inPieces(orderOf(epochKey, examples), size) }: CutOptions,
): Cut {
  if (!Number.isInteger(size) || size < 1)
    throw new TensorError(`${operation}: expected a size >= 1, got ${shown(size)}`);
  if (key !== undefined) checkKey(operation, key);
  if (last !== "pad" && last !== "drop")
    throw new TensorError(`${operation}: expected last as "pad" or "drop", got ${shown(last)}`);
  const perEpoch = last === "pad" ? Math.ceil(examples / size) : Math.floor(examples / size);
  if (perEpoch === 0) {
    throw new TensorError(
      examples === 0
        ? `${operation}: the data has no examples`
        : `${operation}: ${examples} examples are less than one batch of ${size}, and last is "drop"`,
    );
  }
  const shuffles = key === undefined ? undefined : keyFor(key, "shuffle");
  const epochs = keepingLast((epoch) => {
    const epochKey = shuffles === undefined ? undefined : keyAt(shuffles, epoch);
    if (epochKey !== undefined && !isArray(epochKey))
      throw new TensorError(`${operation}: the key is a symbol without values`);
    return cut(epochKey).filter(({ length }) => last === "pad" || length === size);
  });
  return {
    stepsIn: (epochs) => epochs * perEpoch,
    at(step) {
      const epoch = Math.floor(step / perEpoch);
      const order = epochs(epoch)[step - epoch * perEpoch]!;
      return { order, examples: order.length, step, epoch };
    },
  };
}

function orderOf(key: ArrayTensor | undefined, examples: number): Int32Array {
  return key === undefined ? Int32Array.from({ length: examples }, (_, i) => i) : permutation(key, examples);
}

function inPieces(order: Int32Array, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}
