import { checkDType, checkTensor } from "../arguments.ts";
import { applyOne } from "../apply.ts";
import { allocate, floats, type Values } from "../dtype.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Rules } from "../node.ts";
import { broadcastShapes, sameShape, sizeOf } from "../shape.ts";
import { describe, type ArrayTensor, type Tensor } from "../tensor.ts";
import { broadcastTo } from "./broadcast.ts";
import { reshape, transpose } from "./layout.ts";
import type { Operation } from "./operation.ts";
import { PRODUCT_BLOCK, sumRows } from "./pairwise.ts";

/**
 * [...batch, m, k] x [...batch, k, n] -> [...batch, m, n]. Each element of the result adds its products in order of k.
 * Each product is rounded before it is added (no fused multiply-add). Products are summed in blocks of 512, each from
 * 0, and the blocks are added in pairs (see `pairwise.ts`). This order is the definition on every deterministic
 * backend.
 */
export const matmulRules: Rules<Extract<Operation, { op: "matmul" }>> = {
  op: "matmul",
  recompute: "costly",
  infer(_, [a, b]) {
    checkDType("matmul", floats, a);
    if (a.dtype !== b.dtype) throw mismatch(a, b, `dtypes ${a.dtype} and ${b.dtype} differ; convert one of them`);
    const rank = a.shape.length;
    const batch = a.shape.slice(0, -2);
    if (rank < 2 || b.shape.length !== rank || !sameShape(batch, b.shape.slice(0, -2)))
      throw mismatch(a, b, "batch axes differ");
    const [m, k] = matrixOf(a);
    const [inner, n] = matrixOf(b);
    if (k !== inner) throw mismatch(a, b, `inner sizes ${k} and ${inner} differ`);
    return [{ shape: [...batch, m, n], dtype: a.dtype }];
  },
  evaluate(_, [a, b]) {
    const [m, k] = matrixOf(a);
    const [, n] = matrixOf(b);
    const shape = [...a.shape.slice(0, -1), n];
    const y: ArrayTensor = { kind: "array", shape, dtype: a.dtype, data: allocate(a.dtype, sizeOf(shape)) };
    for (let batch = 0; batch < sizeOf(shape.slice(0, -2)); batch++) {
      const addProducts = y.dtype === "f32" ? addProductsF32 : addProductsF64;
      const columns = b.data.subarray(batch * k * n);
      for (let row = batch * m; row < (batch + 1) * m; row++) {
        const factors = a.data.subarray(row * k, (row + 1) * k);
        sumRows(k, PRODUCT_BLOCK, y.data.subarray(row * n, (row + 1) * n), (from, to, sums) =>
          addProducts(factors, columns, sums, from, to),
        );
      }
    }
    return [y];
  },
  gradient: ({ inputs, cotangents: [g], needs }) => ({
    cotangents: [
      g !== undefined && needs[0] === true ? matmul(g, transpose(inputs[1])) : undefined,
      g !== undefined && needs[1] === true ? matmul(transpose(inputs[0]), g) : undefined,
    ],
  }),
};

/**
 * Matrix product of [..., m, k] and [..., k, n]; batch axes are broadcast. A tensor with one axis is a row on the left
 * and a column on the right, and that axis disappears from the result.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensor("matmul", "a", a);
  checkTensor("matmul", "b", b);
  if (a.shape.length === 0 || b.shape.length === 0)
    throw mismatch(a, b, "a scalar has no axis to multiply over; use mul");
  const k = nth(a.shape, a.shape.length - 1);
  const inner = nth(b.shape, Math.max(0, b.shape.length - 2));
  if (k !== inner) throw mismatch(a, b, `inner sizes ${k} and ${inner} differ`);
  if (a.shape.length === 1) return squeeze(matmul(reshape(a, [1, ...a.shape]), b), b.shape.length === 1 ? -1 : -2);
  if (b.shape.length === 1) return squeeze(matmul(a, reshape(b, [...b.shape, 1])), -1);
  if (b.shape.length === 2 && a.shape.length > 2) {
    return reshape(applyMatmul(reshape(a, [sizeOf(a.shape.slice(0, -1)), k]), b), [
      ...a.shape.slice(0, -1),
      nth(b.shape, 1),
    ]);
  }
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === undefined) throw mismatch(a, b, "batch axes do not broadcast");
  return applyMatmul(
    broadcastTo(a, [...batch, ...a.shape.slice(-2)]),
    broadcastTo(b, [...batch, ...b.shape.slice(-2)]),
  );
}

/** The numbers of rows and columns of [..., rows, columns]. */
function matrixOf({ shape }: Tensor): readonly [rows: number, columns: number] {
  return [nth(shape, shape.length - 2), nth(shape, shape.length - 1)];
}

const applyMatmul = (a: Tensor, b: Tensor): Tensor => applyOne(matmulRules, { op: "matmul" }, [a, b]);

function squeeze(x: Tensor, axis: -1 | -2): Tensor {
  const at = x.shape.length + axis;
  return reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  );
}

function mismatch(a: Tensor, b: Tensor, why: string): TensorError {
  return new TensorError(`matmul ${describe(a)} x ${describe(b)}: ${why}`);
}

function addProductsF32(factors: Values, columns: Values, sums: Values, from: number, to: number): void {
  const n = sums.length;
  for (let p = from; p < to; p++) {
    const x = factors[p]!;
    for (let j = 0; j < n; j++) sums[j] = sums[j]! + Math.fround(x * columns[p * n + j]!);
  }
}

function addProductsF64(factors: Values, columns: Values, sums: Values, from: number, to: number): void {
  const n = sums.length;
  for (let p = from; p < to; p++) {
    const x = factors[p]!;
    for (let j = 0; j < n; j++) sums[j] = sums[j]! + x * columns[p * n + j]!;
  }
}
