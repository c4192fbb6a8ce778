import { checkIntegers, checkTensor, checkTensors } from "../arguments.ts";
/** Primitives that move elements without computing. */
import { applyOne } from "../apply.ts";
import { allocate } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth, picked, zip } from "../lists.ts";
import type { Rules } from "../node.ts";
import { offsetAt, sameShape, showShape, sizeOf, stridesOf, type Shape } from "../shape.ts";
import { describe, uniformArray, type ArrayTensor, type Tensor } from "../tensor.ts";
import type {
  ConcatOperation,
  PadOperation,
  ReshapeOperation,
  SliceOperation,
  TransposeOperation,
} from "./operation.ts";
import { copyStrided } from "./strided.ts";

export const transposeRules: Rules<TransposeOperation> = {
  op: "transpose",
  recompute: "view",
  infer({ axes }, [x]) {
    if (
      axes.length !== x.shape.length ||
      new Set(axes).size !== axes.length ||
      axes.some((a) => x.shape[a] === undefined)
    ) {
      throw new TensorError(`transpose: axes [${axes.join(",")}] are not a permutation of the axes of ${describe(x)}`);
    }
    return [{ shape: picked(x.shape, axes), dtype: x.dtype }];
  },
  evaluate({ axes }, [x]) {
    return [gathered(x, picked(x.shape, axes), 0, picked(stridesOf(x.shape), axes))];
  },
  gradient({ operation, cotangents }) {
    const inverse = operation.axes.map((_, axis) => operation.axes.indexOf(axis));
    return { cotangents: cotangents.map((g) => g && transpose(g, inverse)) };
  },
};

/** Permutes the axes; by default swaps the last two. */
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  checkTensor("transpose", "the operand", x);
  if (axes !== undefined) checkIntegers("transpose", "axes", axes);
  const rank = x.shape.length;
  if (axes === undefined && rank < 2) throw new TensorError(`transpose: ${describe(x)} has fewer than two axes`);
  const order = axes ?? [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
  return order.every((a, axis) => a === axis) && order.length === rank
    ? x
    : applyOne(transposeRules, { op: "transpose", axes: order }, [x]);
}

export const reshapeRules: Rules<ReshapeOperation> = {
  op: "reshape",
  recompute: "view",
  infer({ shape }, [x]) {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new TensorError(
        `reshape: ${describe(x)} has ${sizeOf(x.shape)} elements, which do not fill ${showShape(shape)} of ${sizeOf(shape)}`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate: ({ shape }, [x]) => [
    x.uniform === undefined
      ? { kind: "array", shape, dtype: x.dtype, data: x.data }
      : uniformArray(shape, x.uniform, x.dtype),
  ],
  gradient: ({ inputs, cotangents }) => ({ cotangents: cotangents.map((g) => g && reshape(g, inputs[0].shape)) }),
};

/** The same elements in row-major order with another shape. One length may be -1; it is inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor("reshape", "the operand", x);
  checkIntegers("reshape", "the shape", shape);
  const known = shape.reduce((size, n) => (n === -1 ? size : size * n), 1);
  const to = shape.map((n) => (n === -1 ? (known === 0 ? 0 : sizeOf(x.shape) / known) : n));
  if (to.some((n) => !Number.isInteger(n) || n < 0) || shape.filter((n) => n === -1).length > 1) {
    throw new TensorError(`reshape: ${describe(x)} cannot be reshaped to ${showShape(shape)}`);
  }
  return sameShape(to, x.shape) ? x : applyOne(reshapeRules, { op: "reshape", shape: to }, [x]);
}

export const sliceRules: Rules<SliceOperation> = {
  op: "slice",
  recompute: "cheap",
  infer({ starts, stops }, [x]) {
    const rank = x.shape.length;
    const within = (n: number, start: number, stop: number): boolean => 0 <= start && start <= stop && stop <= n;
    const fits =
      starts.length === rank &&
      stops.length === rank &&
      [...starts, ...stops].every(Number.isInteger) &&
      x.shape.every((n, axis) => within(n, nth(starts, axis), nth(stops, axis)));
    if (!fits) {
      throw new TensorError(`slice: [${starts.join(",")}] to [${stops.join(",")}] reaches outside ${describe(x)}`);
    }
    return [{ shape: between(starts, stops), dtype: x.dtype }];
  },
  evaluate({ starts, stops }, [x]) {
    const strides = stridesOf(x.shape);
    return [gathered(x, between(starts, stops), offsetAt(starts, strides), strides)];
  },
  gradient({ operation: { starts, stops }, inputs, cotangents }) {
    const shape = inputs[0].shape;
    const after = between(stops, shape);
    return { cotangents: cotangents.map((g) => g && pad(g, starts, after)) };
  },
};

/** The elements with `starts[axis] <= i < stops[axis]` for every axis. */
export function slice(x: Tensor, starts: readonly number[], stops: readonly number[]): Tensor {
  checkTensor("slice", "the operand", x);
  checkIntegers("slice", "starts", starts);
  checkIntegers("slice", "stops", stops);
  const whole = starts.length === x.shape.length && x.shape.every((n, axis) => starts[axis] === 0 && stops[axis] === n);
  return whole ? x : applyOne(sliceRules, { op: "slice", starts, stops }, [x]);
}

export const concatRules: Rules<ConcatOperation> = {
  op: "concat",
  recompute: "costly",
  infer({ axis }, inputs) {
    const [first] = inputs;
    if (first === undefined) throw new TensorError("concat: expected at least one tensor");
    for (const x of inputs) {
      const fits = x.shape.length === first.shape.length && x.shape.every((n, i) => i === axis || n === first.shape[i]);
      if (!fits || first.shape[axis] === undefined) {
        throw new TensorError(`concat: shapes ${inputs.map(describe).join(", ")} must agree outside axis ${axis}`);
      }
      if (x.dtype !== first.dtype)
        throw new TensorError(
          `concat: ${inputs.map((y) => `${describe(y)} is ${y.dtype}`).join(", ")}; convert them to one dtype`,
        );
    }
    return [{ shape: joinedShape(inputs, axis), dtype: first.dtype }];
  },
  evaluate({ axis }, inputs) {
    const { dtype } = nth(inputs, 0);
    const shape = joinedShape(inputs, axis);
    const y: ArrayTensor = { kind: "array", shape, dtype, data: allocate(dtype, sizeOf(shape)) };
    const strides = stridesOf(shape);
    let offset = 0;
    for (const x of inputs) {
      copyStrided(x.data, 0, stridesOf(x.shape), y.data, offset, strides, x.shape);
      offset += nth(x.shape, axis) * nth(strides, axis);
    }
    return [y];
  },
  gradient({ operation: { axis }, inputs, cotangents: [g] }) {
    let start = 0;
    return {
      cotangents: inputs.map((x) => {
        const from = start;
        start += nth(x.shape, axis);
        return g && sliceAxis(g, axis, from, start);
      }),
    };
  },
};

/** Concatenates tensors along an axis (negative: from the end). */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  checkTensors("concat", "tensors", tensors);
  const [only] = tensors;
  const at = axis < 0 ? axis + (only?.shape.length ?? 0) : axis;
  return tensors.length === 1 && only?.shape[at] !== undefined
    ? only
    : applyOne(concatRules, { op: "concat", axis: at }, tensors);
}

export const padRules: Rules<PadOperation> = {
  op: "pad",
  recompute: "costly",
  infer({ before, after }, [x]) {
    const rank = x.shape.length;
    if (
      before.length !== rank ||
      after.length !== rank ||
      [...before, ...after].some((n) => !Number.isInteger(n) || n < 0)
    ) {
      throw new TensorError(
        `pad: [${before.join(",")}] before and [${after.join(",")}] after do not fit ${describe(x)}: one count >= 0 for each axis`,
      );
    }
    return [{ shape: paddedShape(x.shape, before, after), dtype: x.dtype }];
  },
  evaluate({ before, after }, [x]) {
    const shape = paddedShape(x.shape, before, after);
    const strides = stridesOf(shape);
    const data = allocate(x.dtype, sizeOf(shape));
    copyStrided(x.data, 0, stridesOf(x.shape), data, offsetAt(before, strides), strides, x.shape);
    return [{ kind: "array", shape, dtype: x.dtype, data }];
  },
  gradient({ operation: { before }, inputs, cotangents }) {
    const stops = zip(before, inputs[0].shape).map(([start, n]) => start + n);
    return { cotangents: cotangents.map((g) => g && slice(g, before, stops)) };
  },
};

/** Adds zeros around a tensor. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  checkTensor("pad", "the operand", x);
  checkIntegers("pad", "before", before);
  checkIntegers("pad", "after", after);
  const nothing =
    before.length === x.shape.length && after.length === x.shape.length && [...before, ...after].every((n) => n === 0);
  return nothing ? x : applyOne(padRules, { op: "pad", before, after }, [x]);
}

/** The elements with `start <= i < stop` along one axis (negative: from the end). */
export function sliceAxis(x: Tensor, axis: number, start: number, stop: number): Tensor {
  checkTensor("slice", "the operand", x);
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (x.shape[at] === undefined) throw new TensorError(`slice: ${describe(x)} has no axis ${axis}`);
  return slice(
    x,
    x.shape.map((_, i) => (i === at ? start : 0)),
    x.shape.map((n, i) => (i === at ? stop : n)),
  );
}

/** The number of positions from a start to a stop, for each axis. */
function between(starts: readonly number[], stops: readonly number[]): number[] {
  return zip(starts, stops).map(([start, stop]) => stop - start);
}

function joinedShape(parts: readonly Tensor[], axis: number): number[] {
  const length = parts.reduce((sum, { shape }) => sum + nth(shape, axis), 0);
  return nth(parts, 0).shape.map((n, i) => (i === axis ? length : n));
}

function paddedShape(shape: Shape, before: readonly number[], after: readonly number[]): number[] {
  return shape.map((n, axis) => nth(before, axis) + n + nth(after, axis));
}

function gathered(x: ArrayTensor, shape: Shape, offset: number, strides: readonly number[]): ArrayTensor {
  if (x.uniform !== undefined) return uniformArray(shape, x.uniform, x.dtype);
  const data = allocate(x.dtype, sizeOf(shape));
  copyStrided(x.data, offset, strides, data, 0, stridesOf(shape), shape);
  return { kind: "array", shape, dtype: x.dtype, data };
}
