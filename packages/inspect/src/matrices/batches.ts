/** Batches of matrices as plain f64 arrays. */
import { tensor, TensorError, valuesOf, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";
import { checkTensor, isFloat, showShape, sizeOf } from "@sluice/tensor/internal";

/** Matrices `[..., rows, columns]` with values. */
export interface Matrices {
  /** The axes before the last two. */
  readonly lead: Shape;
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  /** A copy of matrix i, row-major. */
  at(i: number): Float64Array;
}

/** The matrices of a float tensor `[..., rows, columns]`. */
export function matricesOf(operation: string, x: Tensor): Matrices {
  checkTensor(operation, "the operand", x);
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined || !isFloat(x.dtype))
    throw new TensorError(
      `${operation}: expected a float tensor [..., rows, columns], got ${x.dtype} ${showShape(x.shape)}`,
    );
  const values = valuesOf(x);
  const lead = x.shape.slice(0, -2);
  const size = rows * columns;
  return {
    lead,
    rows,
    columns,
    count: sizeOf(lead),
    at: (i) => Float64Array.from(values.subarray(i * size, (i + 1) * size)),
  };
}

/** {@link matricesOf}, with an error unless they are square. */
export function squareMatricesOf(operation: string, x: Tensor): Matrices {
  const matrices = matricesOf(operation, x);
  if (matrices.rows === matrices.columns) return matrices;
  throw new TensorError(`${operation}: expected square matrices [..., n, n], got ${showShape(x.shape)}`);
}

/** A tensor of f64 values. */
export const doubles = (values: Float64Array, shape: Shape): ArrayTensor => tensor(values, shape);

/** Whether a matrix has an element that is not finite. */
export const isBroken = (a: Float64Array): boolean => a.some((value) => !Number.isFinite(value));

/** The product of `[m, k]` and `[k, n]`. */
export function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l] ?? NaN;
      if (factor === 0) continue;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] ?? NaN) + factor * (b[l * n + j] ?? NaN);
    }
  }
  return out;
}
