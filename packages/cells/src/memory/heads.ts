/** Heads: equal parts of the features, each with a memory of its own; and the products of such a memory. */
import { expand, matmul, mul, reshape, TensorError, type Tensor } from "@sluice/tensor";
import { axisSize } from "../cell/axes.ts";
import type { CellSizes } from "../cell/cell.ts";

/** Features of one head. An error where the heads do not divide the hidden units. */
export function headWidth(cell: string, heads: number, { hidden }: CellSizes): number {
  if (Number.isInteger(heads) && heads >= 1 && hidden % heads === 0) return hidden / heads;
  throw new TensorError(
    `${cell}: heads must be an integer >= 1 that divides hidden, got heads ${String(heads)} and hidden ${hidden}`,
  );
}

/** `[batch, heads width]` as `[batch, heads, width]`. */
export const byHead = (y: Tensor, heads: number): Tensor => reshape(y, [-1, heads, axisSize(y, -1) / heads]);

/** `[batch, heads, width]` as `[batch, heads width]`. */
export const joined = (y: Tensor): Tensor => reshape(y, [-1, axisSize(y, 1) * axisSize(y, 2)]);

/** `k' v`: of rows `[..., keys]` and `[..., values]` the matrix `[..., keys, values]`. */
export const outer = (k: Tensor, v: Tensor): Tensor => mul(expand(k, -1), expand(v, -2));

/** `q S`: of a row `[..., keys]` and a matrix `[..., keys, values]` the row `[..., values]`. */
export const read = (q: Tensor, S: Tensor): Tensor =>
  reshape(matmul(expand(q, -2), S), [...q.shape.slice(0, -1), axisSize(S, -1)]);
