/** Singular values by one-sided Jacobi rotations (Hestenes 1958). */
import { nth } from "@sluice/tensor/internal";
import { dot, type Columns } from "./columns.ts";

/** Singular values, the largest first, and the right singular vector of each. */
export interface SingularVectors {
  readonly values: Float64Array;
  readonly vectors: Columns;
}

/** The singular values of a matrix of these columns, the largest first; as many as there are columns. */
export function singularValuesOf(matrix: Columns): Float64Array {
  return lengthsOf(matrix, []).sort((a, b) => b - a);
}

/** The singular values and the right singular vectors of a matrix. */
export function singularVectorsOf(matrix: Columns): SingularVectors {
  const vectors = matrix.map((_, j) => Float64Array.from(matrix, (_column, i) => (i === j ? 1 : 0)));
  const lengths = lengthsOf(matrix, vectors);
  const order = [...lengths.keys()].sort((i, j) => nth(lengths, j) - nth(lengths, i));
  return { values: Float64Array.from(order, (j) => nth(lengths, j)), vectors: order.map((j) => nth(vectors, j)) };
}

/**
 * Rotates pairs of columns until all are orthogonal; their lengths then are the singular values. Small values are as
 * accurate as large ones. `vectors` are rotated along, in place.
 */
function lengthsOf(matrix: Columns, vectors: readonly Float64Array[]): Float64Array {
  const largest = matrix.reduce((most, column) => column.reduce((m, x) => Math.max(m, Math.abs(x)), most), 0);
  const scale = largest === 0 ? 1 : largest;
  const columns = matrix.map((column) => column.map((x) => x / scale));
  for (let sweep = 0; sweep < mostSweeps && isRotated(columns, vectors); sweep++);
  return Float64Array.from(columns, (column) => Math.sqrt(dot(column, column)) * scale);
}

const mostSweeps = 60;

/** One sweep over all pairs. False if all of them were orthogonal. */
function isRotated(columns: readonly Float64Array[], vectors: readonly Float64Array[]): boolean {
  let rotated = false;
  for (let p = 0; p < columns.length; p++)
    for (let q = p + 1; q < columns.length; q++) {
      const [a, b] = [nth(columns, p), nth(columns, q)];
      const rotation = rotationOf(a, b);
      if (rotation === undefined) continue;
      rotated = true;
      rotate(a, b, rotation);
      if (vectors.length > 0) rotate(nth(vectors, p), nth(vectors, q), rotation);
    }
  return rotated;
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
