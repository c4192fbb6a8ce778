/** A square matrix that algorithms change in place. */
export interface SquareMatrix {
  readonly n: number;
  get(i: number, j: number): number;
  set(i: number, j: number, value: number): void;
}

/** A row-major array as a matrix. */
export function squareMatrix(values: Float64Array, n: number): SquareMatrix {
  return {
    n,
    get: (i, j) => values[i * n + j] ?? NaN,
    set: (i, j, value) => void (values[i * n + j] = value),
  };
}

/**
 * Balances a matrix in place: a diagonal similarity of powers of two brings the norms of row i and column i together, so
 * that eigenvalues are less sensitive to rounding (Parlett and Reinsch 1969). It is exact.
 */
export function balance({ n, get, set }: SquareMatrix): void {
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < n; i++) {
      let [column, row] = [0, 0];
      for (let j = 0; j < n; j++) {
        if (j === i) continue;
        column += Math.abs(get(j, i));
        row += Math.abs(get(i, j));
      }
      const factor = factorOf(column, row);
      if (factor === 1) continue;
      changed = true;
      for (let j = 0; j < n; j++) set(i, j, get(i, j) / factor);
      for (let j = 0; j < n; j++) set(j, i, get(j, i) * factor);
    }
  }
}

/** Enough for any matrix whose elements f64 holds together. */
const limit = 1_073_741_824;

/** The power of two that brings two norms together; 1 if they would come only a little nearer. */
function factorOf(column: number, row: number): number {
  if (column === 0 || row === 0) return 1;
  let factor = 1;
  let scaled = column;
  for (; scaled < row / 2 && factor < limit; scaled *= 4) factor *= 2;
  for (; scaled >= row * 2 && factor > 1 / limit; scaled /= 4) factor /= 2;
  return (scaled + row) / factor < 0.95 * (column + row) ? factor : 1;
}

/** Brings a matrix to upper Hessenberg form in place, by Householder reflections (Golub and Van Loan, algorithm 7.4.2). */
export function toHessenberg(a: SquareMatrix): void {
  for (let k = 0; k + 2 < a.n; k++) {
    const column = Array.from({ length: a.n - k - 1 }, (_, i) => a.get(k + 1 + i, k));
    reflect(a, householder(column), { at: k + 1, from: k, to: a.n, above: a.n });
    for (let i = k + 2; i < a.n; i++) a.set(i, k, 0);
  }
}

/** A reflection I - beta v v^T. */
export interface Reflection {
  readonly v: readonly number[];
  readonly beta: number;
}

/** The reflection that maps a vector to a multiple of the first unit vector. */
export function householder(x: readonly number[]): Reflection {
  const scale = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (scale === 0) return { v: x, beta: 0 };
  const [first = 0, ...rest] = x.map((value) => value / scale);
  const below = rest.reduce((sum, value) => sum + value * value, 0);
  if (below === 0) return { v: x, beta: 0 };
  const norm = Math.sqrt(first * first + below);
  const v1 = first + (first < 0 ? -norm : norm);
  return { v: [v1, ...rest], beta: 2 / (v1 * v1 + below) };
}

/** Where a similarity acts: on rows and columns from `at`, of columns `from` to `to` and of rows before `above`. */
interface Window {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly above: number;
  /** The first row that it acts on from the right. Default 0. */
  readonly top?: number;
}

/** The similarity P A P of a reflection, in place. */
export function reflect(a: SquareMatrix, { v, beta }: Reflection, { at, from, to, above, top = 0 }: Window): void {
  if (beta === 0) return;
  for (let j = from; j < to; j++) {
    const s = beta * v.reduce((sum, value, i) => sum + value * a.get(at + i, j), 0);
    v.forEach((value, i) => a.set(at + i, j, a.get(at + i, j) - s * value));
  }
  for (let i = top; i < above; i++) {
    const s = beta * v.reduce((sum, value, j) => sum + value * a.get(i, at + j), 0);
    v.forEach((value, j) => a.set(i, at + j, a.get(i, at + j) - s * value));
  }
}
