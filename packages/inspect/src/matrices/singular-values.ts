import type { ArrayTensor, Tensor } from "@sluice/tensor";
import { doubles, isBroken, matricesOf } from "./batches.ts";

/**
 * The singular values of matrices `[..., m, n]`, such as {@link stateJacobians}: f64 `[..., min(m, n)]`, largest first.
 * NaN for a matrix with an element that is not finite, such as that of a step that a row did not take. Computed in f64
 * by one-sided Jacobi rotations (Hestenes 1958), with the same bits in every engine. Throws a TensorError if the
 * operand is no float tensor with two axes.
 */
export function singularValues(x: Tensor): ArrayTensor {
  const { lead, rows, columns, count, at } = matricesOf("singularValues", x);
  const few = Math.min(rows, columns);
  const values = new Float64Array(count * few);
  for (let i = 0; i < count; i++) {
    const a = at(i);
    values.set(isBroken(a) ? new Float64Array(few).fill(NaN) : singularValuesOf(a, rows, columns), i * few);
  }
  return doubles(values, [...lead, few]);
}

/** The singular values of one row-major matrix, largest first. */
function singularValuesOf(a: Float64Array, rows: number, columns: number): Float64Array {
  // Short vectors of the matrix or of its transpose: as many as there are singular values.
  const wide = rows <= columns;
  const [count, length] = wide ? [rows, columns] : [columns, rows];
  const scale = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (scale === 0) return new Float64Array(count);
  const vectors = Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length }, (_, j) => (a[wide ? i * columns + j : j * columns + i] ?? NaN) / scale),
  );
  orthogonalize(vectors);
  return Float64Array.from(vectors, (v) => scale * Math.sqrt(dot(v, v))).sort((p, q) => q - p);
}

const mostSweeps = 60;

/** Rotates pairs of vectors until all are orthogonal. */
function orthogonalize(vectors: readonly Float64Array[]): void {
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let rotated = false;
    vectors.forEach((v, i) => {
      for (const w of vectors.slice(i + 1)) rotated = rotate(v, w) || rotated;
    });
    if (!rotated) return;
  }
}

/** Makes two vectors orthogonal by a rotation. False if they already are. */
function rotate(v: Float64Array, w: Float64Array): boolean {
  const [alpha, beta, gamma] = [dot(v, v), dot(w, w), dot(v, w)];
  if (Math.abs(gamma) <= Number.EPSILON * Math.sqrt(alpha * beta)) return false;
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = c * t;
  for (let j = 0; j < v.length; j++) {
    const [p, q] = [v[j] ?? NaN, w[j] ?? NaN];
    v[j] = c * p - s * q;
    w[j] = s * p + c * q;
  }
  return true;
}

function dot(v: Float64Array, w: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < v.length; j++) sum += (v[j] ?? NaN) * (w[j] ?? NaN);
  return sum;
}
