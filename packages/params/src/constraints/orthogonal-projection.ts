import {
  abs,
  div,
  equal,
  matmul,
  mul,
  reduceMax,
  select,
  sqrt,
  sub,
  sum,
  TensorError,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, showShape, shown } from "@sluice/tensor/internal";
import type { Constraint } from "./constraint.ts";

/** Options of {@link orthogonalProjection}. */
export interface OrthogonalProjectionOptions {
  /**
   * The number of iterations. Default 20, which is exact up to rounding if the largest singular value is at most 100
   * times the smallest.
   */
  readonly iterations?: number;
}

/**
 * The nearest matrix with orthonormal columns, `W^T W = I`, or with orthonormal rows if it is wider than tall: the
 * polar factor `U V^T` of `W = U S V^T` (Fan and Hoffman 1955). Use it to keep a recurrent matrix orthogonal.
 *
 * Newton and Schulz's iteration (Bjorck and Bowie 1971), `X <- X (3 I - X^T X) / 2`, from `W` divided by a bound of its
 * largest singular value: small singular values grow by half in each iteration, and those near 1 double their correct
 * digits. After a normal update the weights are nearly orthogonal, so a few iterations suffice. For a rank-deficient
 * matrix there is no unique nearest one; its singular values of 0 stay 0. Zeros stay zeros.
 */
export function orthogonalProjection(options: OrthogonalProjectionOptions = {}): Constraint {
  checkOptions("orthogonalProjection", options, ["iterations"], { steps: "iterations" });
  const { iterations = 20 } = options;
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new TensorError(`orthogonalProjection: expected at least 1 iteration, got ${shown(iterations)}`);
  return (w) => {
    const [rows, columns] = w.shape;
    if (w.shape.length !== 2 || rows === undefined || columns === undefined)
      throw new TensorError(`orthogonalProjection: expected a matrix, got ${showShape(w.shape)}`);
    if (rows * columns === 0) return w;
    const wide = columns > rows;
    const projected = polarFactor(wide ? transpose(w, [1, 0]) : w, iterations);
    return wide ? transpose(projected, [1, 0]) : projected;
  };
}

function polarFactor(w: Tensor, iterations: number): Tensor {
  const scaled = dividedBy(w, reduceMax(abs(w)));
  // The largest sum of magnitudes in a row of X^T X bounds the square of the largest singular value.
  let x = dividedBy(scaled, sqrt(reduceMax(sum(abs(gram(scaled)), 1))));
  for (let i = 0; i < iterations; i++) x = sub(mul(x, 1.5), mul(matmul(x, gram(x)), 0.5));
  return x;
}

const gram = (x: Tensor): Tensor => matmul(transpose(x, [1, 0]), x);

const dividedBy = (x: Tensor, by: Tensor): Tensor => div(x, select(equal(by, 0), 1, by));
