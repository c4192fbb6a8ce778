/**
 * Reductions over one axis. The order of elements is part of the definition, so every backend gives the same bits with
 * any number of threads:
 *
 * - along the innermost axis: four lanes, element i goes to lane i mod 4, and the result is `(p0 + p2) + (p1 + p3)`;
 * - along any other axis: one sum per element of the result.
 *
 * A lane or a sum takes its elements in order, 32 at a time, and blocks of 32 are added in pairs (see `pairwise.ts`).
 * Neighboring axes are reduced as one, in row-major order.
 */
import { checkDType } from "../arguments.ts";
import { allocate, type DType, type Values } from "../dtype.ts";
import { nth } from "../lists.ts";
import { TensorError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import { describe, type ArrayTensor, type Tensor, type Type } from "../tensor.ts";
import { reshape } from "./layout.ts";

export function reducedType(op: string, accepts: readonly DType[], x: Tensor, axis: number): Type {
  checkDType(op, accepts, x);
  if (x.shape[axis] === undefined) throw new TensorError(`${op}: ${describe(x)} has no axis ${axis}`);
  return { shape: x.shape.filter((_, i) => i !== axis), dtype: x.dtype };
}

export function reduceArray(
  x: ArrayTensor,
  axis: number,
  strided: (data: Values, first: number, stride: number, count: number) => number,
  innermost: (data: Values, first: number, count: number) => number,
): ArrayTensor {
  const shape = x.shape.filter((_, i) => i !== axis);
  const data = allocate(x.dtype, sizeOf(shape));
  const length = nth(x.shape, axis);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const last = axis === x.shape.length - 1;
  for (let i = 0; i < data.length; i++) {
    data[i] = last
      ? innermost(x.data, i * length, length)
      : strided(x.data, Math.floor(i / inner) * length * inner + (i % inner), inner, length);
  }
  return { kind: "array", shape, dtype: x.dtype, data };
}

/** Reduces sorted `axes` with `one`, which reduces one axis. They disappear, or stay with length 1. */
export function reduceRuns(
  x: Tensor,
  axes: readonly number[],
  { keep, one }: { readonly keep: boolean; readonly one: (x: Tensor, axis: number) => Tensor },
): Tensor {
  const kept = x.shape.flatMap((n, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [n]));
  let y = x;
  // From the last run of neighboring axes to the first, so that earlier positions stay valid.
  for (let end = axes.length; end > 0;) {
    let start = end - 1;
    while (start > 0 && axes[start - 1] === nth(axes, start) - 1) start--;
    const from = nth(axes, start);
    const to = nth(axes, end - 1) + 1;
    const merged = sizeOf(y.shape.slice(from, to));
    y = one(reshape(y, [...y.shape.slice(0, from), merged, ...y.shape.slice(to)]), from);
    end = start;
  }
  return reshape(y, kept);
}
