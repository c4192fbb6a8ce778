import { applyOne } from "../apply.ts";
import { allocate, numbers, type DType } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Rules } from "../node.ts";
import { checkOptions } from "../options.ts";
import { checkShape, sameShape, showShape, sizeOf, stridesOf, type Shape } from "../shape.ts";
import { describe, type Tensor } from "../tensor.ts";
import { checkDType } from "../arguments.ts";
import type { IotaOperation, Operation, ScatterAddOperation } from "./operation.ts";

export const gatherRules: Rules<Extract<Operation, { op: "gather" }>> = {
  op: "gather",
  recompute: "costly",
  infer(_, [x, indices]) {
    checkDType("gather", ["i32"], indices);
    if (x.shape.length === 0 || (x.shape[0] === 0 && sizeOf(indices.shape) > 0))
      throw new TensorError(`gather: ${describe(x)} has no rows to take`);
    return [{ shape: [...indices.shape, ...x.shape.slice(1)], dtype: x.dtype }];
  },
  evaluate(_, [x, indices]) {
    const shape = [...indices.shape, ...x.shape.slice(1)];
    const width = sizeOf(x.shape.slice(1));
    const data = allocate(x.dtype, sizeOf(shape));
    const rows = nth(x.shape, 0);
    indices.data.forEach((index, i) => {
      const from = clampRow(index, rows) * width;
      data.set(x.data.subarray(from, from + width), i * width);
    });
    return [{ kind: "array", shape, dtype: x.dtype, data }];
  },
  gradient: ({ inputs: [x, indices], cotangents: [g] }) => ({
    cotangents: [g && scatterAdd(indices, g, nth(x.shape, 0)), undefined],
  }),
};

/**
 * Rows `x[indices]` of [rows, ...]: shape [...indices, ...]. An index out of range is clamped to the first or last row.
 */
export function gather(x: Tensor, indices: Tensor): Tensor {
  return applyOne(gatherRules, { op: "gather" }, [x, indices]);
}

export const scatterAddRules: Rules<ScatterAddOperation> = {
  op: "scatterAdd",
  recompute: "costly",
  infer({ rows }, [indices, updates]) {
    checkDType("scatterAdd", ["i32"], indices);
    checkDType("scatterAdd", numbers, updates);
    const leading = updates.shape.slice(0, indices.shape.length);
    if (!sameShape(leading, indices.shape) || !(rows >= Math.min(1, sizeOf(indices.shape)))) {
      throw new TensorError(
        `scatterAdd: updates ${describe(updates)} need one row for each index of ${describe(indices)}, and rows >= 1 (got ${rows})`,
      );
    }
    return [{ shape: [rows, ...updates.shape.slice(indices.shape.length)], dtype: updates.dtype }];
  },
  evaluate({ rows }, [indices, updates]) {
    const rest = updates.shape.slice(indices.shape.length);
    const width = sizeOf(rest);
    // A row may occur any number of times in any order, so there are no blocks to sum. f32 is summed in f64 and rounded
    // once.
    const exact = updates.dtype === "f32";
    const data = allocate(exact ? "f64" : updates.dtype, rows * width);
    indices.data.forEach((index, i) => {
      const to = clampRow(index, rows) * width;
      for (let j = 0; j < width; j++) data[to + j] = data[to + j]! + updates.data[i * width + j]!;
    });
    return [
      { kind: "array", shape: [rows, ...rest], dtype: updates.dtype, data: exact ? Float32Array.from(data) : data },
    ];
  },
  gradient: ({ inputs: [indices], cotangents: [g] }) => ({ cotangents: [undefined, g && gather(g, indices)] }),
};

/**
 * The transpose of {@link gather}: adds `updates` [...indices, ...] into `rows` rows of zeros, in the order of the
 * indices. f32 is summed in double precision and rounded once.
 */
export function scatterAdd(indices: Tensor, updates: Tensor, rows: number): Tensor {
  return applyOne(scatterAddRules, { op: "scatterAdd", rows }, [indices, updates]);
}

export const iotaRules: Rules<IotaOperation> = {
  op: "iota",
  recompute: "costly",
  infer({ shape, axis, dtype }) {
    checkShape("iota", shape);
    if (shape[axis] === undefined) throw new TensorError(`iota: ${showShape(shape)} has no axis ${axis}`);
    if (!numbers.includes(dtype)) throw new TensorError(`iota: expected a dtype of numbers, got ${dtype}`);
    return [{ shape, dtype }];
  },
  evaluate({ shape, axis, dtype }) {
    const data = allocate(dtype, sizeOf(shape));
    const [length, stride] = [nth(shape, axis), nth(stridesOf(shape), axis)];
    for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / stride) % length;
    return [{ kind: "array", shape, dtype, data }];
  },
  gradient: () => ({ cotangents: [] }),
};

/** 0, 1, 2, ... along `axis` (default the last). */
export function iota(shape: Shape, options: { readonly axis?: number; readonly dtype?: DType } = {}): Tensor {
  checkShape("iota", shape);
  checkOptions("iota", options, ["axis", "dtype"]);
  const { axis = shape.length - 1, dtype = "i32" } = options;
  return applyOne(iotaRules, { op: "iota", shape, axis, dtype }, []);
}

function clampRow(index: number, rows: number): number {
  return Math.min(Math.max(index, 0), rows - 1);
}
