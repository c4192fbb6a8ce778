/** Antisymmetric matrices, by the numbers below their diagonal. */
import {
  concat,
  convert,
  equal,
  gather,
  iota,
  neg,
  tensor,
  TensorError,
  zerosLike,
  sliceAxis,
  type DType,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import { showShape } from "@sluice/tensor/internal";

/** How many numbers an antisymmetric matrix `[n, n]` has. */
export const skewCount = (n: number): number => (n * (n - 1)) / 2;

/** The antisymmetric matrix A `[n, n]` with these numbers below its diagonal, row by row: A_21, A_31, A_32, ... */
export function skewMatrix(entries: Tensor, n: number): Tensor {
  const count = skewCount(n);
  const zero = zerosLike(sliceAxis(entries, 0, 0, 1));
  // Where each number of the matrix stands in the entries, their negatives and a zero.
  const places = new Float64Array(n * n).fill(2 * count);
  for (let i = 1, next = 0; i < n; i++) {
    for (let j = 0; j < i; j++, next++) {
      places[i * n + j] = next;
      places[j * n + i] = count + next;
    }
  }
  return gather(concat([entries, neg(entries), zero], 0), tensor(places, [n, n], { dtype: "i32" }));
}

/** The numbers below the diagonal of `(A - A^T) / 2`, row by row. */
export function skewEntries(A: Float64Array, n: number): Float64Array {
  const entries = new Float64Array(skewCount(n));
  for (let i = 1, next = 0; i < n; i++) {
    for (let j = 0; j < i; j++, next++) entries[next] = ((A[i * n + j] ?? 0) - (A[j * n + i] ?? 0)) / 2;
  }
  return entries;
}

/** `I`, `[n, n]`. */
export function identityMatrix(n: number, dtype: DType): Tensor {
  return convert(equal(iota([n, n], { axis: 0 }), iota([n, n], { axis: 1 })), dtype);
}

/** The side of a square matrix of at least two rows; an error for other shapes. */
export function sideOfSquare(operation: string, shape: Shape): number {
  const [rows = 0, columns] = shape;
  if (shape.length === 2 && rows === columns && rows >= 2) return rows;
  throw new TensorError(`${operation}: expected a square matrix of at least 2 rows, got ${showShape(shape)}`);
}
