import { checkIntegers, checkTensor } from "../arguments.ts";
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
import { applyOne } from "../apply.ts";
import { allocate, floats, numbers, type DType, type Values } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import type { Rules } from "../node.ts";
import { checkOptions } from "../options.ts";
import { sizeOf, type Shape } from "../shape.ts";
import { describe, type ArrayTensor, type Tensor, type Type } from "../tensor.ts";
import { div, mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { equal } from "./comparison.ts";
import { checkDType, convert } from "./elementwise.ts";
import { reshape } from "./layout.ts";
import type { ReduceOperation } from "./operation.ts";
import { sumLanes, sumStrided } from "./pairwise.ts";

export const reduceSumRules: Rules<ReduceOperation> = {
  op: "reduceSum",
  recompute: "costly",
  infer: ({ axis }, [x]) => [reducedType("sum", numbers, x!, axis)],
  evaluate: ({ axis }, [x]) => [reduceArray(x!, axis, sumStrided, sumLanes)],
  gradient: ({ operation: { axis }, inputs, cotangents: [g] }) => ({
    cotangents: [g && spread(g, inputs[0]!.shape, axis)],
  }),
};

export const reduceMaxRules: Rules<ReduceOperation> = {
  op: "reduceMax",
  recompute: "costly",
  infer({ axis }, [x]) {
    const type = reducedType("reduceMax", numbers, x!, axis);
    if (x!.shape[axis] === 0)
      throw new TensorError(`reduceMax: axis ${axis} of ${describe(x!)} is empty and has no largest element`);
    return [type];
  },
  evaluate: ({ axis }, [x]) => [
    reduceArray(x!, axis, maxStrided, (data, first, count) => maxStrided(data, first, 1, count)),
  ],
  gradient({ operation: { axis }, inputs, outputs, cotangents: [g] }) {
    const x = inputs[0]!;
    if (g === undefined) return { cotangents: [undefined] };
    const largest = convert(equal(x, spread(outputs[0]!, x.shape, axis)), x.dtype);
    const share = div(g, reduceOne("reduceSum", largest, axis));
    return { cotangents: [mul(largest, spread(share, x.shape, axis))] };
  },
};

/** Sum over `axes` (default all; negative: from the end). The axes disappear unless `keep` is set. */
export function sum(x: Tensor, axes?: number | readonly number[], options: { readonly keep?: boolean } = {}): Tensor {
  checkDType("sum", numbers, x);
  return reduce("reduceSum", x, axes, options);
}

/** Largest element over `axes`. Ties share the gradient equally. */
export function reduceMax(
  x: Tensor,
  axes?: number | readonly number[],
  options: { readonly keep?: boolean } = {},
): Tensor {
  checkDType("reduceMax", numbers, x);
  return reduce("reduceMax", x, axes, options);
}

/** Mean over `axes`; NaN if there are no elements. */
export function mean(x: Tensor, axes?: number | readonly number[], options: { readonly keep?: boolean } = {}): Tensor {
  checkDType("mean", floats, x);
  const count = normalizeAxes("mean", x, axes).reduce((size, axis) => size * x.shape[axis]!, 1);
  return div(sum(x, axes, options), count);
}

/**
 * Axes as sorted numbers >= 0. Throws an error that begins with `op` if `x` does not have them or if they are not
 * distinct.
 */
export function normalizeAxes(op: string, x: Tensor, axes: number | readonly number[] | undefined): number[] {
  checkTensor(op, "the operand", x);
  if (axes !== undefined && typeof axes !== "number") checkIntegers(op, "axes", axes);
  const rank = x.shape.length;
  const listed = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === "number" ? [axes] : axes;
  const positive = listed.map((axis) => (axis < 0 ? axis + rank : axis));
  if (positive.some((axis) => x.shape[axis] === undefined) || new Set(positive).size !== positive.length) {
    throw new TensorError(
      `${op}: ${listed.length === 1 ? `${describe(x)} has no axis ${listed[0]}` : `axes [${listed.join(",")}] are not distinct axes of ${describe(x)}`}`,
    );
  }
  return positive.toSorted((a, b) => a - b);
}

function reduce(
  op: ReduceOperation["op"],
  x: Tensor,
  axes: number | readonly number[] | undefined,
  options: { readonly keep?: boolean },
): Tensor {
  checkOptions(nameOf(op), options, ["keep"], { keepdims: "keep", keepDims: "keep", keepdim: "keep" });
  const reduced = normalizeAxes(nameOf(op), x, axes);
  const kept = x.shape.flatMap((n, axis) => (reduced.includes(axis) ? (options.keep === true ? [1] : []) : [n]));
  let y = x;
  // From the last run of neighbouring axes to the first, so that earlier positions stay valid.
  for (let end = reduced.length; end > 0;) {
    let start = end - 1;
    while (start > 0 && reduced[start - 1] === reduced[start]! - 1) start--;
    const from = reduced[start]!;
    const to = reduced[end - 1]! + 1;
    const merged = y.shape.slice(from, to).reduce((size, n) => size * n, 1);
    y = reduceOne(op, reshape(y, [...y.shape.slice(0, from), merged, ...y.shape.slice(to)]), from);
    end = start;
  }
  return reshape(y, kept);
}

/** The function that the user called. */
const nameOf = (op: ReduceOperation["op"]): string => (op === "reduceSum" ? "sum" : "reduceMax");

function reduceOne(op: ReduceOperation["op"], x: Tensor, axis: number): Tensor {
  return applyOne(op === "reduceSum" ? reduceSumRules : reduceMaxRules, { op, axis }, [x]);
}

/** Repeats a reduced tensor along the axis that disappeared. */
function spread(y: Tensor, shape: Shape, axis: number): Tensor {
  return broadcastTo(reshape(y, [...y.shape.slice(0, axis), 1, ...y.shape.slice(axis)]), shape);
}

function reducedType(op: string, accepts: readonly DType[], x: Tensor, axis: number): Type {
  checkDType(op, accepts, x);
  if (x.shape[axis] === undefined) throw new TensorError(`${op}: ${describe(x)} has no axis ${axis}`);
  return { shape: x.shape.filter((_, i) => i !== axis), dtype: x.dtype };
}

function reduceArray(
  x: ArrayTensor,
  axis: number,
  strided: (data: Values, first: number, stride: number, count: number) => number,
  innermost: (data: Values, first: number, count: number) => number,
): ArrayTensor {
  const shape = x.shape.filter((_, i) => i !== axis);
  const data = allocate(x.dtype, sizeOf(shape));
  const length = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const last = axis === x.shape.length - 1;
  for (let i = 0; i < data.length; i++) {
    data[i] = last
      ? innermost(x.data, i * length, length)
      : strided(x.data, Math.floor(i / inner) * length * inner + (i % inner), inner, length);
  }
  return { kind: "array", shape, dtype: x.dtype, data };
}

function maxStrided(data: Values, first: number, stride: number, count: number): number {
  let largest = data instanceof Int32Array ? -2147483648 : -Infinity;
  for (let k = 0; k < count; k++) largest = Math.max(largest, data[first + k * stride]!);
  return largest;
}
