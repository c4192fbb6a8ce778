import type { ParameterSpec } from "@sluice/params";
import { isTensor, matmul, TensorError, type Shape, type Tensor } from "@sluice/tensor";

/** A matrix, or two factors `left` `[rows, rank]` and `right` `[rank, columns]` whose product it is. */
export type MatrixSpec = ParameterSpec | { readonly left: ParameterSpec; readonly right: ParameterSpec };

/** A matrix of a given rank: one parameter without a rank, two factors with one. `name` begins the error. */
export function matrixOf(
  name: string,
  spec: (shape: Shape) => ParameterSpec,
  [rows, columns]: readonly [number, number],
  rank: number | undefined,
): MatrixSpec {
  if (rank === undefined) return spec([rows, columns]);
  const most = Math.min(rows, columns);
  if (!Number.isInteger(rank) || rank < 1 || rank > most)
    throw new TensorError(
      `${name} must be an integer from 1 to ${most}, the smaller side of the matrix [${rows}, ${columns}], got ${String(rank)}; leave it out for a full matrix`,
    );
  return { left: spec([rows, rank]), right: spec([rank, columns]) };
}

/** The matrix itself. It does not change over time, so a compiler multiplies the factors once. */
export const whole = (M: Tensor | { readonly left: Tensor; readonly right: Tensor }): Tensor =>
  isTensor(M) ? M : matmul(M.left, M.right);
