/** Orthonormal bases of f64 vectors. */

/** The column vectors of a row-major matrix `[n, k]`. */
export function columnsOf(a: Float64Array, n: number, k: number): Float64Array[] {
  return Array.from({ length: k }, (_, j) => Float64Array.from({ length: n }, (_, i) => a[i * k + j] ?? NaN));
}

/**
 * Makes vectors orthonormal in place, and returns the diagonal of R in their QR decomposition, which is not negative.
 * By Gram-Schmidt, with each projection taken twice. A vector that depends on those before it has the diagonal 0, and is
 * replaced by a unit vector orthogonal to them.
 */
export function orthonormalize(vectors: readonly Float64Array[]): Float64Array {
  const diagonal = new Float64Array(vectors.length);
  vectors.forEach((v, j) => {
    const before = vectors.slice(0, j);
    const length = norm(v);
    const scale = length > 0 ? 1 / length : 0;
    v.forEach((value, i) => (v[i] = value * scale));
    const left = withoutProjections(v, before);
    const independent = left > rounding * v.length;
    diagonal[j] = independent || !Number.isFinite(length) ? length * left : 0;
    if (!independent) v.set(orthogonalTo(before, v.length));
  });
  return diagonal;
}

/** What rounding may leave of a unit vector that depends on others, for each of its elements. */
const rounding = 4 * Number.EPSILON;

/** Subtracts from a vector its projections on orthonormal ones, makes it a unit vector, and returns what was its norm. */
function withoutProjections(v: Float64Array, basis: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++) {
    for (const q of basis) {
      let along = 0;
      for (let i = 0; i < v.length; i++) along += (q[i] ?? NaN) * (v[i] ?? NaN);
      for (let i = 0; i < v.length; i++) v[i] = (v[i] ?? NaN) - along * (q[i] ?? NaN);
    }
  }
  const left = norm(v);
  if (left > 0) v.forEach((value, i) => (v[i] = value / left));
  return left;
}

/** A unit vector orthogonal to fewer than n orthonormal ones: what is left of the unit vector that has most left. */
function orthogonalTo(basis: readonly Float64Array[], n: number): Float64Array {
  const covered = Float64Array.from({ length: n }, (_, i) =>
    basis.reduce((sum, q) => sum + (q[i] ?? NaN) * (q[i] ?? NaN), 0),
  );
  const least = covered.reduce((best, value, i) => (value < (covered[best] ?? NaN) ? i : best), 0);
  const v = new Float64Array(n);
  v[least] = 1;
  withoutProjections(v, basis);
  return v;
}

function norm(v: Float64Array): number {
  let [scale, sum] = [0, 0];
  for (const value of v) scale = Math.max(scale, Math.abs(value));
  if (!(scale > 0)) return scale;
  for (const value of v) sum += (value / scale) * (value / scale);
  return scale * Math.sqrt(sum);
}
