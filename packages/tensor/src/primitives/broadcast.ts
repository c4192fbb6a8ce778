/** Broadcasting, and the sum over an axis: each is the other's transpose, so their gradients need each other. */
import { checkIntegers, checkTensor } from "../arguments.ts";
import { applyOne } from "../apply.ts";
import { allocate, numbers } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Rules } from "../node.ts";
import { broadcastShapes, checkShape, sameShape, showShape, sizeOf, stridesOf, type Shape } from "../shape.ts";
import { describe, uniformArray, type Tensor } from "../tensor.ts";
import { reshape } from "./layout.ts";
import type { BroadcastOperation, ReduceOperation } from "./operation.ts";
import { sumLanes, sumStrided } from "./pairwise.ts";
import { reduceArray, reducedType, reduceRuns } from "./reduction.ts";
import { copyStrided } from "./strided.ts";

export const broadcastRules: Rules<BroadcastOperation> = {
  op: "broadcast",
  recompute: "view",
  infer({ shape }, [x]) {
    checkShape("broadcast", shape);
    const wider = broadcastShapes(x.shape, shape);
    if (wider === undefined || !sameShape(wider, shape)) {
      throw new TensorError(`broadcast: ${describe(x)} cannot be broadcast to ${showShape(shape)}`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  evaluate({ shape }, [x]) {
    if (sizeOf(x.shape) === 1) return [uniformArray(shape, nth(x.data, 0), x.dtype)];
    const data = allocate(x.dtype, sizeOf(shape));
    copyStrided(x.data, 0, broadcastStrides(x.shape, shape), data, 0, stridesOf(shape), shape);
    return [{ kind: "array", shape, dtype: x.dtype, data }];
  },
  gradient: ({ inputs, cotangents }) => ({ cotangents: cotangents.map((g) => g && sumTo(g, inputs[0].shape)) }),
};

/** Stretches axes of length 1 and adds leading axes, as NumPy does. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkTensor("broadcast", "the operand", x);
  checkIntegers("broadcast", "the shape", shape);
  return sameShape(x.shape, shape) ? x : applyOne(broadcastRules, { op: "broadcast", shape }, [x]);
}

/** Strides that walk an array of shape `from` as if it had the shape `to`: 0 along stretched axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const added = to.length - from.length;
  return to.map((n, axis) => (axis < added || (from[axis - added] === 1 && n !== 1) ? 0 : nth(strides, axis - added)));
}

/** The transpose of a broadcast: sums over the stretched axes. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const added = x.shape.length - shape.length;
  const axes = x.shape.flatMap((n, axis) => (axis < added || (shape[axis - added] === 1 && n !== 1) ? [axis] : []));
  return axes.length === 0 ? x : reshape(reduceRuns(x, axes, { keep: false, one: sumAxis }), shape);
}

export const reduceSumRules: Rules<ReduceOperation> = {
  op: "reduceSum",
  recompute: "costly",
  infer: ({ axis }, [x]) => [reducedType("sum", numbers, x, axis)],
  evaluate: ({ axis }, [x]) => [reduceArray(x, axis, sumStrided, sumLanes)],
  gradient: ({ operation: { axis }, inputs, cotangents: [g] }) => ({
    cotangents: [g && spread(g, inputs[0].shape, axis)],
  }),
};

/** The sum over one axis. */
export const sumAxis = (x: Tensor, axis: number): Tensor => applyOne(reduceSumRules, { op: "reduceSum", axis }, [x]);

/** Repeats a reduced tensor along the axis that disappeared. */
export function spread(y: Tensor, shape: Shape, axis: number): Tensor {
  return broadcastTo(reshape(y, [...y.shape.slice(0, axis), 1, ...y.shape.slice(axis)]), shape);
}
