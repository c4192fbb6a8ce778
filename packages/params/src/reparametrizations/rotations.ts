/** Rotations, orthogonal matrices of determinant 1, in plain numbers: which one is nearest, and what makes it. */
import { TensorError } from "@sluice/tensor";

/** A matrix `[n, n]`, row-major. */
type Matrix = Float64Array<ArrayBuffer>;

/**
 * The orthogonal matrix nearest to a weight: the factor Q of its polar decomposition `Q S`. Where its determinant is
 * not `sign`, its last row is negated.
 */
export function nearestOrthogonal(operation: string, weight: Matrix, n: number, sign: 1 | -1): Matrix {
  const Q = polarFactor(weight, n);
  if (Q === undefined)
    throw new TensorError(
      `${operation}: the initial weight is singular, so no orthogonal matrix is nearest to it; begin with another, such as orthogonal`,
    );
  if (inverse(Q, n).sign !== sign) for (let j = n * (n - 1); j < n * n; j++) Q[j] = -(Q[j] ?? 0);
  return Q;
}

/**
 * The antisymmetric A with `R = (I - A)^-1 (I + A)`: `I - 2 (R + I)^-1`. A turn by an angle t in R is one by tan(t / 2)
 * in A. No A makes a turn by half a circle, which is an error.
 */
export function tangentOf(operation: string, R: Matrix, n: number): Matrix {
  const { matrix, sign } = inverse(plusIdentity(R, n), n);
  const A = plusIdentity(
    matrix.map((x) => -2 * x),
    n,
  );
  if (sign !== 0 && A.every((x) => Math.abs(x) < 1e6)) return A;
  throw new TensorError(
    `${operation}: the initial weight turns a plane by half a circle, which no finite parameters do; begin with another, such as orthogonal or identity`,
  );
}

/**
 * The antisymmetric A with `exp(A) = R`, its turns within half a circle: three square roots, and the series of the
 * inverse hyperbolic tangent, `log R = 2 artanh((R - I) (R + I)^-1)`, of what is left.
 */
export function logarithmOf(operation: string, R: Matrix, n: number): Matrix {
  tangentOf(operation, R, n);
  let root = R;
  // The root of a rotation R is the orthogonal matrix nearest to R + I.
  for (let i = 0; i < 3; i++) root = polarFactor(plusIdentity(root, n), n) ?? root;
  const C = tangentOf(operation, root, n);
  const square = product(C, C, n);
  // No number of C is above tan(pi / 16), whose 25th power is below the rounding of f64.
  let series = new Float64Array(n * n);
  for (let k = 23; k >= 1; k -= 2) series = plusIdentity(product(square, series, n), n, 1 / k);
  return product(C, series, n).map((x) => 16 * x);
}

/** The orthogonal factor of the polar decomposition, by Newton's iteration `X <- (X + X^-T) / 2`; none if singular. */
function polarFactor(weight: Matrix, n: number): Matrix | undefined {
  let X = weight.slice();
  let settled = false;
  for (let iteration = 0; iteration < 100; iteration++) {
    const { matrix, sign } = inverse(X, n);
    if (sign === 0) return undefined;
    const next = X.map((x, k) => (x + (matrix[(k % n) * n + Math.floor(k / n)] ?? 0)) / 2);
    const change = next.reduce((most, x, k) => Math.max(most, Math.abs(x - (X[k] ?? 0))), 0);
    X = next;
    if (settled) return X;
    // It converges quadratically, so one more step is exact to rounding.
    settled = change < 1e-8;
  }
  return undefined;
}

/** The inverse, by Gauss and Jordan's elimination in place, and the sign of the determinant; 0 where it is 0. */
function inverse(given: Matrix, n: number): { readonly matrix: Matrix; readonly sign: number } {
  const A = given.slice();
  const pivotRows = new Int32Array(n);
  let sign = 1;
  for (let k = 0; k < n; k++) {
    const from = largestBelow(A, n, k);
    pivotRows[k] = from;
    const row = A.slice(from * n, (from + 1) * n);
    A.copyWithin(from * n, k * n, (k + 1) * n);
    const pivot = row[k] ?? 0;
    if (pivot === 0) return { matrix: A, sign: 0 };
    if (pivot < 0 !== (from !== k)) sign = -sign;
    // Column k is a unit vector from here on, and the inverse's column k takes its place.
    row[k] = 1;
    for (let j = 0; j < n; j++) row[j] = (row[j] ?? 0) / pivot;
    A.set(row, k * n);
    for (let i = 0; i < n; i++) if (i !== k) eliminate(A.subarray(i * n, (i + 1) * n), row, k);
  }
  for (let k = n - 1; k >= 0; k--) swapColumns(A, n, k, pivotRows[k] ?? k);
  return { matrix: A, sign };
}

/** The row from k on with the largest number in column k. */
function largestBelow(A: Matrix, n: number, k: number): number {
  let largest = k;
  for (let i = k + 1; i < n; i++) if (Math.abs(A[i * n + k] ?? 0) > Math.abs(A[largest * n + k] ?? 0)) largest = i;
  return largest;
}

/** Takes off as much of the pivot's row as makes column k that of the inverse. */
function eliminate(target: Matrix, row: Matrix, k: number): void {
  const factor = target[k] ?? 0;
  target[k] = 0;
  for (let j = 0; j < row.length; j++) target[j] = (target[j] ?? 0) - factor * (row[j] ?? 0);
}

function swapColumns(A: Matrix, n: number, a: number, b: number): void {
  if (a !== b) for (let i = 0; i < n * n; i += n) [A[i + a], A[i + b]] = [A[i + b] ?? 0, A[i + a] ?? 0];
}

/** `A + c I`. */
function plusIdentity(A: Matrix, n: number, c = 1): Matrix {
  const sum = A.slice();
  for (let i = 0; i < n * n; i += n + 1) sum[i] = (sum[i] ?? 0) + c;
  return sum;
}

function product(A: Matrix, B: Matrix, n: number): Matrix {
  const AB = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = AB.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < n; k++) {
      const a = A[i * n + k] ?? 0;
      for (let j = 0; j < n; j++) row[j] = (row[j] ?? 0) + a * (B[k * n + j] ?? 0);
    }
  }
  return AB;
}
