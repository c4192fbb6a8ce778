import {
  add,
  customGradient,
  div,
  matmul,
  mul,
  neg,
  scan,
  sub,
  tensor,
  TensorError,
  transpose,
  reshape,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { Reparametrization } from "./reparametrization.ts";
import { nearestOrthogonal, tangentOf } from "./rotations.ts";
import { identityMatrix, sideOfSquare, skewCount, skewEntries, skewMatrix } from "./skew.ts";

/** The parameters of a weight that is made of an antisymmetric matrix: the numbers below its diagonal. */
export type SkewParameters = { readonly skew: Tensor };

/** Options of {@link cayleyParametrization}. */
export interface CayleyOptions {
  /** How many numbers on the diagonal of D are -1; an integer from 0 to n. Default 0. */
  readonly negative?: number;
}

/**
 * An orthogonal matrix `[n, n]` by the scaled Cayley transform (Helfrich et al. 2018, arXiv:1707.09520):
 *
 *     W^T = (I + A)^-1 (I - A) D,   A^T = -A,   D diagonal with the last `negative` numbers -1, the others 1
 *
 * It is the transpose, because our weights act from the right: the paper's W h is our `matmul(h, W)`. An orthogonal
 * matrix without the eigenvalue -1 is one of D = I; every orthogonal matrix can be reached with some D, and the number
 * of its -1 is an option to tune. PyTorch's `orthogonal` with `orthogonal_map="cayley"` has `-A / 2` for A, and no D.
 *
 * Parameters: `skew` `[n (n - 1) / 2]`, the numbers of A below its diagonal, row by row.
 *
 * An initial weight becomes the nearest orthogonal matrix, which leaves an orthogonal one unchanged to rounding. Where
 * its determinant is not `(-1)^negative`, its last row is negated. Throws a TensorError where the weight is not square,
 * where it begins singular, or where D W turns a plane by half a circle.
 *
 * The weight costs n steps of elimination, n^3 multiplications in all, and its gradient two products of matrices, once
 * in each call of the layer. `I + A` needs no pivots, since its symmetric part is I.
 */
export function cayleyParametrization(options: CayleyOptions = {}): Reparametrization<SkewParameters> {
  const operation = "cayleyParametrization";
  checkOptions(operation, options, ["negative"], { rho: "negative", negatives: "negative" });
  const { negative = 0 } = options;
  return {
    name: operation,
    params({ constraint: _, ...weight }) {
      const n = sideOfSquare(operation, weight.shape);
      if (!Number.isInteger(negative) || negative < 0 || negative > n)
        throw new TensorError(`${operation}: negative must be an integer from 0 to ${n}, got ${String(negative)}`);
      return { skew: { ...weight, shape: [skewCount(n)] } };
    },
    initial({ shape, data }) {
      const n = sideOfSquare(operation, shape);
      const W = nearestOrthogonal(operation, Float64Array.from(data), n, negative % 2 === 0 ? 1 : -1);
      const signs = signsOf(n, negative);
      const A = tangentOf(
        operation,
        W.map((w, k) => w * (signs[Math.floor(k / n)] ?? 1)),
        n,
      );
      return { skew: tensor(skewEntries(A, n), [skewCount(n)], { dtype: "f64" }) };
    },
    weight({ skew }, { shape }) {
      const n = sideOfSquare(operation, shape);
      const I = identityMatrix(n, skew.dtype);
      // The transpose of (I + A)^-1 (I - A) D is D (I - A)^-1 (I + A), and (I - A)^-1 (I + A) = 2 (I - A)^-1 - I.
      const turned = sub(mul(2, inverse(sub(I, skewMatrix(skew, n)))), I);
      return negative === 0 ? turned : mul(tensor(signsOf(n, negative), [n, 1], { dtype: skew.dtype }), turned);
    },
  };
}

/** The diagonal of D. */
const signsOf = (n: number, negative: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => (i < n - negative ? 1 : -1));

/** The inverse of a matrix whose symmetric part is I. Its gradient is `-M^-T G M^-T`. */
const inverse = customGradient(sweep, ({ result, cotangent }) => {
  const turned = transpose(result);
  return [neg(matmul(turned, matmul(cotangent, turned)))];
});

/**
 * Gauss and Jordan's elimination in place, without pivots. Step k takes M to `M - (c - e) (r + e) / M_kk`, where e is
 * the unit vector k, c column k of M, and r its row k.
 */
function sweep(matrix: Tensor): Tensor {
  const [n = 0] = matrix.shape;
  const { state } = scan(
    ({ M }: { M: Tensor }, { unit }: { unit: Tensor }) => {
      const [e, down] = [reshape(unit, [1, n]), reshape(unit, [n, 1])];
      const [r, c] = [matmul(e, M), matmul(M, down)];
      return { state: { M: sub(M, matmul(sub(c, down), div(add(r, e), matmul(r, down)))) }, output: {} };
    },
    { M: matrix },
    { unit: identityMatrix(n, matrix.dtype) },
  );
  return state.M;
}
