import { nth } from "@sluice/tensor/internal";
import { dot, type Columns } from "./columns.ts";

/**
 * Solves A x = b for every column b, where A is symmetric and positive definite, by Cholesky's decomposition A = L L^T.
 * Undefined if A is not positive definite, up to rounding.
 */
export function solved(a: Columns, right: Columns): Columns | undefined {
  const lower = cholesky(a);
  return lower && right.map((b) => substituted(lower, b));
}

/** The rows of L, each up to its diagonal. */
function cholesky(a: Columns): Columns | undefined {
  const lower: Float64Array[] = [];
  for (const [i, column] of a.entries()) {
    const row = column.slice(0, i + 1);
    for (let j = 0; j < i; j++) {
      const other = nth(lower, j);
      row[j] = (nth(row, j) - dot(row.subarray(0, j), other)) / nth(other, j);
    }
    const own = row.subarray(0, i);
    const rest = nth(row, i) - dot(own, own);
    if (!(rest > a.length * Number.EPSILON * nth(column, i))) return undefined;
    row[i] = Math.sqrt(rest);
    lower.push(row);
  }
  return lower;
}

/** Solves L L^T x = b. */
function substituted(lower: Columns, b: Float64Array): Float64Array {
  const x = b.slice();
  lower.forEach((row, i) => (x[i] = (nth(x, i) - dot(x.subarray(0, i), row)) / nth(row, i)));
  for (let i = lower.length - 1; i >= 0; i--) {
    const row = nth(lower, i);
    const value = nth(x, i) / nth(row, i);
    x[i] = value;
    for (let k = 0; k < i; k++) x[k] = (x[k] ?? NaN) - value * (row[k] ?? NaN);
  }
  return x;
}
