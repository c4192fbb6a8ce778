/** Linear algebra in f64 with the same bits everywhere: sums run in order, and nothing is left to the engine. */
import { nth } from "@sluice/tensor/internal";

/** A matrix as a list of its columns, all of one length. */
export type Columns = readonly Float64Array[];

/**
 * The sum of products, in four sums that processors take at once. Elements are read with `?? NaN` here and below: a
 * function that checks them is shared by the whole program and takes ten times as long.
 */
export function dot(a: Float64Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    first += (a[i] ?? NaN) * (b[i] ?? NaN);
    second += (a[i + 1] ?? NaN) * (b[i + 1] ?? NaN);
    third += (a[i + 2] ?? NaN) * (b[i + 2] ?? NaN);
    fourth += (a[i + 3] ?? NaN) * (b[i + 3] ?? NaN);
  }
  for (let i = whole; i < a.length; i++) first += (a[i] ?? NaN) * (b[i] ?? NaN);
  return first + second + (third + fourth);
}

/** The mean of a column; 0 of an empty one. */
export function meanOf(column: Float64Array): number {
  return column.length === 0 ? 0 : column.reduce((a, b) => a + b, 0) / column.length;
}

/** Every column minus its mean; exactly 0 where all values are equal. */
export function centered(columns: Columns): Columns {
  return columns.map((column) => {
    const [first] = column;
    const mean = column.every((value) => value === first) ? (first ?? 0) : meanOf(column);
    return column.map((value) => value - mean);
  });
}

/** The columns of A^T B. */
export function transposeTimes(a: Columns, b: Columns): Columns {
  return b.map((right) => Float64Array.from(a, (left) => dot(left, right)));
}

/** The columns of A^T A. */
export function gram(a: Columns): Columns {
  const out = a.map(() => new Float64Array(a.length));
  a.forEach((left, i) => {
    for (let j = 0; j <= i; j++) nth(out, i)[j] = nth(out, j)[i] = dot(left, nth(a, j));
  });
  return out;
}

/** The square of the Frobenius norm. */
export function squareSum(columns: Columns): number {
  return columns.reduce((total, column) => total + dot(column, column), 0);
}

/** Singular values, the largest first, and the right singular vector of each. */
export interface SingularValues {
  readonly values: Float64Array;
  readonly vectors: Columns;
}

/**
 * The singular values and right singular vectors of a matrix, by one-sided Jacobi rotations (Hestenes 1958): pairs of
 * columns are rotated until all are orthogonal; their lengths are the singular values. Small values are as accurate as
 * large ones.
 */
export function singularValues(matrix: Columns): SingularValues {
  const largest = matrix.reduce((most, column) => column.reduce((m, x) => Math.max(m, Math.abs(x)), most), 0);
  const scale = largest === 0 ? 1 : largest;
  const columns = matrix.map((column) => column.map((x) => x / scale));
  const vectors = columns.map((_, j) => Float64Array.from(columns, (_column, i) => (i === j ? 1 : 0)));
  const isRotated = (): boolean => {
    let rotated = false;
    for (let p = 0; p < columns.length; p++)
      for (let q = p + 1; q < columns.length; q++) {
        const angle = rotationOf(nth(columns, p), nth(columns, q));
        if (angle === undefined) continue;
        rotated = true;
        rotate(nth(columns, p), nth(columns, q), angle);
        rotate(nth(vectors, p), nth(vectors, q), angle);
      }
    return rotated;
  };
  for (let sweep = 0; sweep < 60 && isRotated(); sweep++);
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)) * scale);
  const order = lengths.map((_, j) => j).sort((i, j) => nth(lengths, j) - nth(lengths, i));
  return {
    values: Float64Array.from(order, (j) => nth(lengths, j)),
    vectors: order.map((j) => nth(vectors, j)),
  };
}

interface Rotation {
  readonly cosine: number;
  readonly sine: number;
}

/** The rotation that makes two columns orthogonal; undefined if they are, up to rounding. */
function rotationOf(a: Float64Array, b: Float64Array): Rotation | undefined {
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (Math.abs(ab) <= Number.EPSILON * Math.sqrt(aa) * Math.sqrt(bb)) return undefined;
  const zeta = (bb - aa) / (2 * ab);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  return { cosine, sine: cosine * tangent };
}

function rotate(a: Float64Array, b: Float64Array, { cosine, sine }: Rotation): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? NaN;
    const y = b[i] ?? NaN;
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

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
