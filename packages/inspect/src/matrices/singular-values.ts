import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { doubles, isBroken, matricesOf } from "./batches.ts";
import { singularValuesOf } from "./one-sided-jacobi.ts";

/**
 * The singular values of matrices `[..., m, n]`, such as {@link stateJacobians}: f64 `[..., min(m, n)]`, largest first.
 * NaN for a matrix with an element that is not finite, such as that of a step that a row did not take. Computed in f64
 * by one-sided Jacobi rotations (Hestenes 1958), with the same bits in every engine. Throws a TensorError if the
 * operand is no float tensor with two axes.
 */
export function singularValues(x: Tensor): ArrayTensor {
  const { lead, rows, columns, count, at } = matricesOf("singularValues", x);
  const few = Math.min(rows, columns);
  const values = new Float64Array(count * few);
  for (let i = 0; i < count; i++) {
    const a = at(i);
    values.set(isBroken(a) ? new Float64Array(few).fill(NaN) : valuesOfOne(a, rows, columns), i * few);
  }
  return doubles(values, [...lead, few]);
}

/** The singular values of one row-major matrix: of its columns, or of its rows if they are fewer. */
function valuesOfOne(a: Float64Array, rows: number, columns: number): Float64Array {
  const wide = rows <= columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  return singularValuesOf(
    Array.from({ length: count }, (_, i) =>
      Float64Array.from({ length }, (_element, j) => a[wide ? i * columns + j : j * columns + i] ?? NaN),
    ),
  );
}
