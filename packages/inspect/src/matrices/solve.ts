/**
 * The solution of A x = b for a row-major square matrix, by Gaussian elimination with partial pivoting. Undefined if a
 * pivot is 0 or not finite. Changes both arguments.
 */
export function solve(a: Float64Array, b: Float64Array): Float64Array | undefined {
  const n = b.length;
  const at = (i: number, j: number): number => a[i * n + j] ?? NaN;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(pivot, k))) pivot = i;
    const divisor = at(pivot, k);
    if (divisor === 0 || !Number.isFinite(divisor)) return undefined;
    if (pivot !== k) swapRows(a, b, pivot, k);
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / divisor;
      if (factor === 0) continue;
      for (let j = k; j < n; j++) a[i * n + j] = at(i, j) - factor * at(k, j);
      b[i] = (b[i] ?? NaN) - factor * (b[k] ?? NaN);
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    let rest = b[k] ?? NaN;
    for (let j = k + 1; j < n; j++) rest -= at(k, j) * (b[j] ?? NaN);
    b[k] = rest / at(k, k);
  }
  return b;
}

function swapRows(a: Float64Array, b: Float64Array, p: number, q: number): void {
  const n = b.length;
  const row = a.slice(p * n, p * n + n);
  a.copyWithin(p * n, q * n, q * n + n);
  a.set(row, q * n);
  [b[p], b[q]] = [b[q] ?? NaN, b[p] ?? NaN];
}
