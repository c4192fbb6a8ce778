import { checkTensor, checkTensors } from "../arguments.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import { checkOptions } from "../options.ts";
import { mul, neg, sub } from "../primitives/arithmetic.ts";
import { equal, not, or } from "../primitives/comparison.ts";
import { convert, select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/indexing.ts";
import { concat, reshape, sliceAxis } from "../primitives/layout.ts";
import { normalizeAxis } from "../primitives/axes.ts";
import { mean, reduceMax } from "../primitives/reduce.ts";
import type { DType } from "../dtype.ts";
import { describe, type Tensor } from "../tensor.ts";

/** Splits an axis (default the last) into equal parts, such as the gates of `[batch, gates * hidden]`. */
export function split(x: Tensor, parts: 2, axis?: number): [Tensor, Tensor];
export function split(x: Tensor, parts: 3, axis?: number): [Tensor, Tensor, Tensor];
export function split(x: Tensor, parts: 4, axis?: number): [Tensor, Tensor, Tensor, Tensor];
export function split(x: Tensor, parts: number, axis?: number): Tensor[];
export function split(x: Tensor, parts: number, axis = -1): Tensor[] {
  const at = normalizeAxis("split", x, axis);
  const length = nth(x.shape, at);
  if (!Number.isInteger(parts) || parts < 1 || length % parts !== 0) {
    throw new TensorError(`split: axis ${at} of ${describe(x)} does not divide into ${parts} equal parts`);
  }
  const size = length / parts;
  return Array.from({ length: parts }, (_, i) => sliceAxis(x, at, i * size, (i + 1) * size));
}

/** Joins tensors of one shape along a new axis (negative: from the end of the result's axes). */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkTensors("stack", "tensors", tensors);
  return concat(
    tensors.map((x) => expand(x, axis)),
    axis,
  );
}

/** Adds an axis of length 1 at position `axis` of the result (negative: from the end). */
export function expand(x: Tensor, axis: number): Tensor {
  checkTensor("expand", "the operand", x);
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  if (!Number.isInteger(at) || at < 0 || at > x.shape.length)
    throw new TensorError(`expand: ${describe(x)} cannot get a new axis at ${axis}`);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Takes element `index` of an axis (negative: from the end). The axis disappears. */
export function take(x: Tensor, index: number, axis = 0): Tensor {
  const at = normalizeAxis("take", x, axis);
  const length = nth(x.shape, at);
  const i = index < 0 ? index + length : index;
  if (!Number.isInteger(i) || i < 0 || i >= length)
    throw new TensorError(`take: axis ${at} of ${describe(x)} has no element ${index}`);
  const row = sliceAxis(x, at, i, i + 1);
  return reshape(
    row,
    row.shape.filter((_, a) => a !== at),
  );
}

/** One-hot vectors, i32 [...] to [..., classes]: 1 at the index, 0 elsewhere. An index out of range gives zeros. */
export function oneHot(indices: Tensor, classes: number, dtype: DType = "f32"): Tensor {
  checkTensor("oneHot", "indices", indices);
  return convert(equal(expand(indices, indices.shape.length), iota([classes])), dtype);
}

/** The first index of the largest element along an axis (default the last), as i32; NaN counts as the largest. */
export function argmax(x: Tensor, axis = -1): Tensor {
  const at = normalizeAxis("argmax", x, axis);
  const length = nth(x.shape, at);
  const positions = iota(x.shape, { axis: at });
  const largest = or(equal(x, reduceMax(x, at, { keep: true })), not(equal(x, x)));
  const candidates = select(largest, positions, length);
  return neg(reduceMax(neg(candidates), at));
}

/** Mean squared deviation from the mean over `axes`, divided by n. */
export function variance(
  x: Tensor,
  axes?: number | readonly number[],
  options: { readonly keep?: boolean } = {},
): Tensor {
  checkOptions("variance", options, ["keep"], { keepdims: "keep", keepDims: "keep", keepdim: "keep" });
  const deviation = sub(x, mean(x, axes, { keep: true }));
  return mean(mul(deviation, deviation), axes, options);
}

/** x * x */
export const square = (x: Tensor): Tensor => mul(x, x);
