import { describe, sameShape, showShape, sizeOf, tensor, TensorError, type ArrayTensor } from "@sluice/tensor";

/**
 * Sequences of unequal length, one behind the other, without padding. Sequence `i` has the steps `offsets[i]` to `offsets[i + 1]`. Plain data: nothing in
 * it is changed once it is made.
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
  const { values, elapsed, mask } = parts;
  const offsets = "kind" in parts.offsets ? parts.offsets : tensor(parts.offsets, [parts.offsets.length], { dtype: "i32" });
  if (values.shape.length !== 2) throw new TensorError(`raggedBatch: values must be [steps, features], got ${describe(values)}`);
  const [steps, features] = [values.shape[0]!, values.shape[1]!];
  if (offsets.dtype !== "i32" || offsets.shape.length !== 1 || offsets.data.length === 0) {
    throw new TensorError(`raggedBatch: offsets must be i32 [batch + 1], got ${offsets.dtype} ${describe(offsets)}`);
  }
  const { data } = offsets;
  const falls = data.findIndex((offset, i) => (i === 0 ? offset !== 0 : offset < data[i - 1]!));
  if (falls === 0) throw new TensorError(`raggedBatch: offsets must begin with 0, got ${data[0]}`);
  if (falls > 0) throw new TensorError(`raggedBatch: offsets must not fall, but offset ${falls} is ${data[falls]} after ${data[falls - 1]}`);
  if (data.at(-1) !== steps) throw new TensorError(`raggedBatch: offsets end with ${data.at(-1)}, but values ${showShape(values.shape)} has ${steps} steps`);
  if (elapsed !== undefined && (!sameShape(elapsed.shape, [steps, 1]) || elapsed.dtype !== values.dtype)) {
    throw new TensorError(`raggedBatch: elapsed must be ${values.dtype} [${steps},1], got ${elapsed.dtype} ${describe(elapsed)}`);
  }
  if (mask !== undefined && (!sameShape(mask.shape, [steps, features]) || mask.dtype !== "bool")) {
    throw new TensorError(`raggedBatch: mask must be bool [${steps},${features}], got ${mask.dtype} ${describe(mask)}`);
  }
  return { values, offsets, ...(elapsed === undefined ? {} : { elapsed }), ...(mask === undefined ? {} : { mask }) };
}

/** Steps of every sequence, i32 `[batch]`. */
export function lengthsOf({ offsets: { data } }: RaggedBatch): ArrayTensor {
  return tensor(Int32Array.from({ length: data.length - 1 }, (_, i) => data[i + 1]! - data[i]!));
}

/** One sequence: a ragged batch of one, whose arrays are views of the batch's. */
export function sequenceAt(batch: RaggedBatch, index: number): RaggedBatch {
  const { values, offsets, elapsed, mask } = batch;
  const count = offsets.data.length - 1;
  if (!Number.isInteger(index) || index < 0 || index >= count) throw new TensorError(`sequenceAt: expected a sequence from 0 to ${count - 1}, got ${index}`);
  const [from, to] = [offsets.data[index]!, offsets.data[index + 1]!];
  const part = (x: ArrayTensor): ArrayTensor => {
    const width = sizeOf(x.shape.slice(1));
    return tensor(x.data.subarray(from * width, to * width), [to - from, ...x.shape.slice(1)], { dtype: x.dtype });
  };
  return raggedBatch({
    values: part(values),
    offsets: [0, to - from],
    ...(elapsed === undefined ? {} : { elapsed: part(elapsed) }),
    ...(mask === undefined ? {} : { mask: part(mask) }),
  });
}
