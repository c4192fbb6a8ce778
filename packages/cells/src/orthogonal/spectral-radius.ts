import { expF64, logF64 } from "@sluice/tensor/internal";

/** How often the matrix is squared. */
const SQUARINGS = 24;

/**
 * The largest absolute value of the eigenvalues of a matrix `[n, n]`, row-major, to about one in a million: Gelfand's
 * limit of `|A^k|^(1/k)` at k = 2^24, by squaring, with the length divided out each time.
 */
export function spectralRadius(matrix: Float64Array, n: number): number {
  let A = matrix;
  let logarithm = 0;
  let share = 1;
  for (let k = 0; k <= SQUARINGS; k++) {
    const length = Math.sqrt(A.reduce((sum, a) => sum + a * a, 0));
    if (length === 0) return 0;
    logarithm += share * logF64(length);
    share /= 2;
    A = squareOf(
      A.map((a) => a / length),
      n,
    );
  }
  return expF64(logarithm);
}

function squareOf(A: Float64Array, n: number): Float64Array {
  const square = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = square.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < n; k++) {
      const a = A[i * n + k] ?? 0;
      if (a !== 0) for (let j = 0; j < n; j++) row[j] = (row[j] ?? 0) + a * (A[k * n + j] ?? 0);
    }
  }
  return square;
}
