import { checkElapsed } from "../observation/check.ts";
import { isTensor, tensor, TensorError, type ArrayTensor, type DType, type Shape, type Values } from "@sluice/tensor";
import { checkList, checkOptions, checkTensor, describe, sameShape, showShape, sizeOf } from "@sluice/tensor/internal";

/**
 * Sequences of unequal length, one after another, without padding. Sequence `i` has the steps from `offsets[i]` up to,
 * but not including, `offsets[i + 1]`. Plain data that never changes.
 */
export interface RaggedBatch {
  /** `[steps, features]`, the steps of all sequences. */
  readonly values: ArrayTensor;
  /** i32 `[batch + 1]`: from 0 to the number of steps, never decreasing. A sequence may have no steps. */
  readonly offsets: ArrayTensor;
  /** `[steps, 1]`: time since the previous step of the same sequence, in the unit of the data. */
  readonly elapsed?: ArrayTensor;
  /** bool `[steps, features]`: which values were observed. */
  readonly mask?: ArrayTensor;
}

/** The parts of a ragged batch, for {@link raggedBatch}. */
export interface RaggedParts {
  /** `[steps, features]`, the steps of all sequences. */
  readonly values: ArrayTensor;
  /** i32 `[batch + 1]`, or numbers: where each sequence starts, and at last the number of steps. */
  readonly offsets: ArrayTensor | readonly number[];
  /** `[steps, 1]`, the time since the previous step of the same sequence, with the dtype of `values`. */
  readonly elapsed?: ArrayTensor;
  /** bool `[steps, features]`: which values were observed. */
  readonly mask?: ArrayTensor;
}

/** Makes a ragged batch. Throws a TensorError if the parts do not fit each other, or if an elapsed time is negative. */
export function raggedBatch(parts: RaggedParts): RaggedBatch {
  checkOptions("raggedBatch", parts, ["values", "offsets", "elapsed", "mask"]);
  checkTensor("raggedBatch", "values", parts.values);
  const { values, elapsed, mask } = parts;
  for (const [name, part] of [
    ["elapsed", elapsed],
    ["mask", mask],
  ] as const)
    if (part !== undefined) checkTensor("raggedBatch", name, part);
  if (!isTensor(parts.offsets)) checkList("raggedBatch", "offsets", parts.offsets, "[0, 4, 6]");
  const offsets = isTensor(parts.offsets)
    ? parts.offsets
    : tensor(parts.offsets, [parts.offsets.length], { dtype: "i32" });
  if (values.shape.length !== 2)
    throw new TensorError(`raggedBatch: values must be [steps, features], got ${describe(values)}`);
  const [steps, features] = [values.shape[0]!, values.shape[1]!];
  if (offsets.dtype !== "i32" || offsets.shape.length !== 1 || offsets.data.length === 0) {
    throw new TensorError(`raggedBatch: offsets must be i32 [batch + 1], got ${offsets.dtype} ${describe(offsets)}`);
  }
  const { data } = offsets;
  const falls = data.findIndex((offset, i) => (i === 0 ? offset !== 0 : offset < data[i - 1]!));
  if (falls === 0) throw new TensorError(`raggedBatch: offsets must start with 0, got ${data[0]}`);
  if (falls > 0)
    throw new TensorError(
      `raggedBatch: offsets must not decrease, but offset ${falls} is ${data[falls]} after ${data[falls - 1]}`,
    );
  if (data.at(-1) !== steps)
    throw new TensorError(
      `raggedBatch: offsets end with ${data.at(-1)}, but values ${showShape(values.shape)} has ${steps} steps`,
    );
  if (elapsed !== undefined && (!sameShape(elapsed.shape, [steps, 1]) || elapsed.dtype !== values.dtype)) {
    throw new TensorError(
      `raggedBatch: elapsed must be ${values.dtype} [${steps},1], got ${elapsed.dtype} ${describe(elapsed)}`,
    );
  }
  if (elapsed !== undefined) {
    checkElapsed("raggedBatch", elapsed.data, (step) => {
      const sequence = data.findLastIndex((offset) => offset <= step);
      return `at step ${step - data[sequence]!} of sequence ${sequence}`;
    });
  }
  if (mask !== undefined && (!sameShape(mask.shape, [steps, features]) || mask.dtype !== "bool")) {
    throw new TensorError(`raggedBatch: mask must be bool [${steps},${features}], got ${mask.dtype} ${describe(mask)}`);
  }
  return { values, offsets, ...(elapsed === undefined ? {} : { elapsed }), ...(mask === undefined ? {} : { mask }) };
}

/** Makes an array without checking that the values fit the shape and the dtype. */
export const unchecked = (data: Values, shape: Shape, dtype: DType): ArrayTensor => ({
  kind: "array",
  shape,
  dtype,
  data,
});

/** A ragged batch whose parts are `f` of this batch's. `offsets` must fit the new parts: they are not checked again. */
export function mapSteps(
  { values, elapsed, mask }: RaggedBatch,
  offsets: ArrayTensor,
  f: (x: ArrayTensor) => ArrayTensor,
): RaggedBatch {
  return {
    values: f(values),
    offsets,
    ...(elapsed === undefined ? {} : { elapsed: f(elapsed) }),
    ...(mask === undefined ? {} : { mask: f(mask) }),
  };
}

/** The number of steps of every sequence, i32 `[batch]`. */
export function lengthsOf({ offsets: { data } }: RaggedBatch): ArrayTensor {
  return tensor(Int32Array.from({ length: data.length - 1 }, (_, i) => data[i + 1]! - data[i]!));
}

/** One sequence, as a ragged batch of one. Its arrays are views of this batch's arrays. */
export function sequenceAt(batch: RaggedBatch, index: number): RaggedBatch {
  const { data } = batch.offsets;
  const count = data.length - 1;
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new TensorError(`sequenceAt: expected a sequence from 0 to ${count - 1}, got ${index}`);
  const [from, to] = [data[index]!, data[index + 1]!];
  return mapSteps(batch, tensor(Int32Array.of(0, to - from)), (x) => {
    const width = sizeOf(x.shape.slice(1));
    return unchecked(x.data.subarray(from * width, to * width), [to - from, ...x.shape.slice(1)], x.dtype);
  });
}
