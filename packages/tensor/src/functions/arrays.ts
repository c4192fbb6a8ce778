import { TensorError } from "../errors.ts";
import { mul, neg, sub } from "../primitives/arithmetic.ts";
import { equal } from "../primitives/comparison.ts";
import { convert, select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/indexing.ts";
import { concat, reshape, sliceAxis } from "../primitives/layout.ts";
import { mean, normaliseAxes, reduceMax } from "../primitives/reduce.ts";
import type { DType } from "../dtype.ts";
import { describe, type Tensor } from "../tensor.ts";

/** Equal parts along an axis (default the last): the gates of `[batch, gates * hidden]`. */
export function split(x: Tensor, parts: number, axis = -1): Tensor[] {
  const [at] = normaliseAxes("split", x, axis);
  const length = x.shape[at!]!;
  if (!Number.isInteger(parts) || parts < 1 || length % parts !== 0) {
    throw new TensorError(`split: axis ${at} of ${describe(x)} does not divide into ${parts} equal parts`);
  }
  const size = length / parts;
  return Array.from({ length: parts }, (_, i) => sliceAxis(x, at!, i * size, (i + 1) * size));
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((x) => expand(x, axis)),
    axis,
  );
}

/** Adds an axis of length 1 at `axis`. */
export function expand(x: Tensor, axis: number): Tensor {
  return reshape(x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
}

/** Element `index` of an axis, which disappears. */
export function take(x: Tensor, index: number, axis = 0): Tensor {
  const [at] = normaliseAxes("take", x, axis);
  const i = index < 0 ? index + x.shape[at!]! : index;
  const row = sliceAxis(x, at!, i, i + 1);
  return reshape(
    row,
    row.shape.filter((_, a) => a !== at),
  );
}

/** i32 [...] to [..., classes]: 1 at the index, 0 elsewhere; all zeros for an index outside. */
export function oneHot(indices: Tensor, classes: number, dtype: DType = "f32"): Tensor {
  return convert(equal(expand(indices, indices.shape.length), iota([classes])), dtype);
}

/** The first index of the largest element along an axis (default the last), as i32. */
export function argmax(x: Tensor, axis = -1): Tensor {
  const [at] = normaliseAxes("argmax", x, axis);
  const length = x.shape[at!]!;
  const positions = iota(x.shape, { axis: at! });
  const candidates = select(equal(x, reduceMax(x, at!, { keep: true })), positions, length);
  return neg(reduceMax(neg(candidates), at!));
}

/** Mean squared deviation from the mean over `axes`, divided by n. */
export function variance(x: Tensor, axes?: number | readonly number[], options: { readonly keep?: boolean } = {}): Tensor {
  const deviation = sub(x, mean(x, axes, { keep: true }));
  return mean(mul(deviation, deviation), axes, options);
}

export const square = (x: Tensor): Tensor => mul(x, x);
