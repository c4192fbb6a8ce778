/** Orthonormal directions that a row's Jacobians carry along, and how much each of them grows. */
import { logF64 } from "@sluice/tensor/internal";
import { columnsOf, orthonormalize } from "../matrices/orthonormal.ts";

/** When directions are made orthonormal, and from which step on their growth counts. */
export interface Schedule {
  readonly every: number;
  readonly warmUp: number;
}

/** The directions of a row, and their growth so far. Changed in place. */
export interface Directions {
  readonly vectors: readonly Float64Array[];
  /** The sums of ln |R[i, i]|. */
  readonly growth: Float64Array;
  /** The steps taken so far. */
  taken: number;
  /** Those of them since the directions were last made orthonormal. */
  pending: number;
  /** The steps that `growth` is of. */
  counted: number;
}

/** Directions that begin as the columns of a matrix `[n, k]`. */
export function directionsFrom(matrix: Float64Array, n: number, k: number): Directions {
  const vectors = columnsOf(matrix, n, k);
  orthonormalize(vectors);
  return { vectors, growth: new Float64Array(k), taken: 0, pending: 0, counted: 0 };
}

/** Carries the directions over one step. True if they were made orthonormal, and their growth counted. */
export function carry(directions: Directions, jacobian: Float64Array, { every, warmUp }: Schedule): boolean {
  for (const v of directions.vectors) v.set(times(jacobian, v));
  directions.taken++;
  directions.pending++;
  return directions.taken === warmUp || directions.pending === every ? decompose(directions, warmUp) : false;
}

/** Makes the directions orthonormal and counts their growth, unless it is of the warm-up. True if it counted. */
export function decompose(directions: Directions, warmUp: number): boolean {
  const { vectors, growth, taken, pending } = directions;
  if (pending === 0) return false;
  const diagonal = orthonormalize(vectors);
  directions.pending = 0;
  if (taken <= warmUp) return false;
  diagonal.forEach((r, i) => (growth[i] = (growth[i] ?? NaN) + logF64(r)));
  directions.counted += pending;
  return true;
}

/** The mean growth of each direction per step; NaN before any was counted. */
export function exponentsOf({ growth, counted }: Directions): Float64Array {
  return counted === 0 ? growth.map(() => NaN) : growth.map((sum) => sum / counted);
}

/** The product of a row-major square matrix and a vector. */
function times(a: Float64Array, v: Float64Array): Float64Array {
  const n = v.length;
  return v.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (a[i * n + j] ?? NaN) * (v[j] ?? NaN);
    return sum;
  });
}
