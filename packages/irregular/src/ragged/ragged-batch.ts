import { checkElapsed } from "../observation/check.ts";
import { isTensor, tensor, TensorError, type ArrayTensor, type DType, type Shape, type Values } from "@sluice/tensor";
import { checkList, checkOptions, checkTensor, describe, sameShape, showShape, sizeOf } from "@sluice/tensor/internal";

/**
 * Sequences of unequal length, one behind the other, without padding. Sequence `i` has the steps `offsets[i]` to
 * `offsets[i + 1]`. Plain data: nothing in it is changed once it is made.
 */
export interface RaggedBatch {
  /** `[steps, features]`, the steps of all sequences. */
  readonly values: ArrayTensor;
  /** i32 `[batch + 1]`, from 0 to the number of steps, never falling. A sequence may have no steps. */
  readonly offsets: ArrayTensor;
  /** `[steps, 1]`: time since the step before in the same sequence, in the unit of the data. */
  readonly elapsed?: ArrayTensor;
  /** bool `[steps, features]`: which values were observed. */
  readonly mask?: ArrayTensor;
}

/** What a ragged batch is made of, as {@link raggedBatch} takes it. */
export interface RaggedParts {
  readonly values: ArrayTensor;
  readonly offsets: ArrayTensor | readonly number[];
  readonly elapsed?: ArrayTensor;
  readonly mask?: ArrayTensor;
}

/** Checks the parts of a ragged batch against each other. */
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
  if (falls === 0) throw new TensorError(`raggedBatch: offsets must begin with 0, got ${data[0]}`);
  if (falls > 0)
    throw new TensorError(
      `raggedBatch: offsets must not fall, but offset ${falls} is ${data[falls]} after ${data[falls - 1]}`,
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

/** An array of values that are known to fill the shape and to be of the dtype. */
export const unchecked = (data: Values, shape: Shape, dtype: DType): ArrayTensor => ({
  kind: "array",
  shape,
  dtype,
  data,
});

/**
 * The parts of a ragged batch with `f` of those that have steps, for offsets that fit: what was checked as a whole is
 * not checked again in parts.
 */
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

/** Steps of every sequence, i32 `[batch]`. */
export function lengthsOf({ offsets: { data } }: RaggedBatch): ArrayTensor {
  return tensor(Int32Array.from({ length: data.length - 1 }, (_, i) => data[i + 1]! - data[i]!));
}

/** One sequence: a ragged batch of one, whose arrays are views of the batch's. */
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
