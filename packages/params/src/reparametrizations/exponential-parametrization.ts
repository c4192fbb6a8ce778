import {
  abs,
  add,
  div,
  greater,
  matmul,
  mul,
  reduceMax,
  scan,
  select,
  stopGradient,
  sum,
  tensor,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import type { SkewParameters } from "./cayley-parametrization.ts";
import type { Reparametrization } from "./reparametrization.ts";
import { logarithmOf, nearestOrthogonal } from "./rotations.ts";
import { identityMatrix, sideOfSquare, skewCount, skewEntries, skewMatrix } from "./skew.ts";

/** The order of Taylor's polynomial: 1 / 19! is below the rounding of f64. */
const ORDER = 18;

/** The most squarings. */
const SQUARINGS = 12;

/**
 * An orthogonal matrix `[n, n]` of determinant 1 as the exponential of an antisymmetric one (Lezcano-Casado and
 * Martinez-Rubio 2019, arXiv:1901.08428):
 *
 *     W^T = exp(A),   A^T = -A
 *
 * It is the transpose, because our weights act from the right: the paper's B h is our `matmul(h, W)`. Every orthogonal
 * matrix of determinant 1 can be reached. It is PyTorch's `orthogonal` with `orthogonal_map="matrix_exp"`.
 *
 * Parameters: `skew` `[n (n - 1) / 2]`, the numbers of A below its diagonal, row by row.
 *
 * An initial weight becomes the nearest orthogonal matrix, which leaves an orthogonal one unchanged to rounding; its A
 * is the one whose turns are within half a circle. Where its determinant is -1, its last row is negated. Throws a
 * TensorError where the weight is not square, or begins singular or as a turn of a plane by half a circle.
 *
 * The exponential is Taylor's polynomial of order 18 of `A / 2^s`, squared s times, where s brings the largest sum of a
 * column to 1. In all it costs 30 products of matrices, once in each call of the layer, and twice that in its gradient.
 * Rounding grows with 2^s. With sums above 4096 it is no longer an exponential.
 */
export function exponentialParametrization(): Reparametrization<SkewParameters> {
  const operation = "exponentialParametrization";
  return {
    name: operation,
    params({ constraint: _, ...weight }) {
      return { skew: { ...weight, shape: [skewCount(sideOfSquare(operation, weight.shape))] } };
    },
    initial({ shape, data }) {
      const n = sideOfSquare(operation, shape);
      // log(W^T) = -log(W)
      const A = logarithmOf(operation, nearestOrthogonal(operation, Float64Array.from(data), n, 1), n).map((x) => -x);
      return { skew: tensor(skewEntries(A, n), [skewCount(n)], { dtype: "f64" }) };
    },
    weight({ skew }, { shape }) {
      const n = sideOfSquare(operation, shape);
      return transpose(exponential(skewMatrix(skew, n), n));
    },
  };
}

/** `exp(A)` by scaling and squaring. */
function exponential(A: Tensor, n: number): Tensor {
  const I = identityMatrix(n, A.dtype);
  const sums = stopGradient(reduceMax(sum(abs(A), 0)));
  const powers = tensor(
    Float64Array.from({ length: SQUARINGS }, (_, k) => 1 << k),
    [SQUARINGS],
    { dtype: A.dtype },
  );
  const doubled = greater(sums, powers);
  const scaled = div(A, reduceMax(select(doubled, mul(2, powers), 1)));
  const orders = tensor(
    Float64Array.from({ length: ORDER }, (_, k) => ORDER - k),
    [ORDER],
    { dtype: A.dtype },
  );
  // I + X (I + X / 2 (I + X / 3 (...)))
  const taylor = scan(
    ({ T }: { T: Tensor }, { k }: { k: Tensor }) => ({ state: { T: add(I, div(matmul(scaled, T), k)) }, output: {} }),
    { T: I },
    { k: orders },
  ).state.T;
  return scan(
    ({ E }: { E: Tensor }, { twice }: { twice: Tensor }) => ({
      state: { E: select(twice, matmul(E, E), E) },
      output: {},
    }),
    { E: taylor },
    { twice: doubled },
  ).state.E;
}
