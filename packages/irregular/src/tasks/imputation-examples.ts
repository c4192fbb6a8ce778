import { isTensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { hasMembers, sameShape, shown } from "@sluice/tensor/internal";
import type { Hidden } from "../missingness/hidden.ts";
import { checkedBatch } from "../ragged/check-batch.ts";
import { toPadded } from "../ragged/padded.ts";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";

/** Values to be predicted, and which of them count. A type alias, so that it is itself a tree of tensors. */
export type CountedTarget = {
  /** `[batch, time, variables]` */
  readonly values: ArrayTensor;
  /** bool `[batch, time, variables]`: false where there is no value, or one that is not to be scored. */
  readonly counts: ArrayTensor;
};

/** Examples of an imputation task. */
export type ImputationExamples = {
  /** `[batch, time, variables]`, NaN where a value is missing or hidden. */
  readonly x: ArrayTensor;
  /** bool `[batch, time, variables]`: what is left to be seen. */
  readonly mask: ArrayTensor;
  /** `[batch, time, 1]`, if the batch has elapsed times. */
  readonly elapsed?: ArrayTensor;
  /** i32 `[batch]` */
  readonly lengths: ArrayTensor;
  /** The values before any was hidden; those that are hidden count. */
  readonly y: CountedTarget;
};

/**
 * The examples of an imputation task, for `fit`: a batch in which values were hidden on purpose (`missingAtRandom` and
 * the like), padded, and what was hidden as the target. Values that are missing in the data themselves are never
 * scored. Throws a TensorError if the values were not hidden in this batch.
 */
export function imputationExamples(given: RaggedBatch, hidden: Hidden): ImputationExamples {
  const original = checkedBatch("imputationExamples", given);
  if (!hasMembers(hidden, { batch: "object", hidden: "object" }) || !isTensor(hidden.hidden))
    throw new TensorError(
      `imputationExamples: hidden is ${shown(hidden)}, expected what missingCompletelyAtRandom(batch, options) gives, or another function that hides values`,
    );
  const { values } = original;
  const left = checkedBatch("imputationExamples: what was left", hidden.batch);
  const wrong =
    !sameShape(values.shape, hidden.hidden.shape) ||
    values.data.some((value, at) => hidden.hidden.data[at] === 0 && !Object.is(value, left.values.data[at]));
  if (wrong) throw new TensorError("imputationExamples: the values were hidden in another batch than this one");
  const seen = toPadded(left);
  const scored = toPadded({ values, offsets: original.offsets, mask: hidden.hidden });
  if (seen.mask === undefined || scored.mask === undefined)
    throw new TensorError("imputationExamples: the batch with hidden values has no mask");
  return {
    x: seen.x,
    mask: seen.mask,
    ...(seen.elapsed && { elapsed: seen.elapsed }),
    lengths: seen.lengths,
    y: { values: scored.x, counts: scored.mask },
  };
}
