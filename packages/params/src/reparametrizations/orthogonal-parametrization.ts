import {
  div,
  equal,
  matmul,
  mul,
  neg,
  reshape,
  scan,
  select,
  square,
  sub,
  sum,
  tensor,
  TensorError,
  transpose,
  valuesOf,
  type DType,
  type Shape,
  type Tensor,
} from "@sluice/tensor";
import { euclideanNorm, showShape } from "@sluice/tensor/internal";
import { reflectorsOf } from "./reflectors.ts";
import type { Reparametrization } from "./reparametrization.ts";

/** The parameters of an orthogonal parametrization. */
export type OrthogonalParameters = { readonly reflectors: Tensor };

/**
 * A matrix with orthonormal columns, `W^T W = I`, or with orthonormal rows if it is wider than tall, as a product of
 * Householder reflections (Mhammedi et al. 2017, arXiv:1612.00188):
 *
 *     W = -H_1 H_2 ... H_k E,   H_i = I - 2 v_i v_i^T / |v_i|^2,   E = [I; 0] [n, k]
 *
 * Parameters: `reflectors` `[k, n]`, the vectors v_i, where n is the longer side of the weight and k the shorter. Their
 * lengths do not matter and are initially 1. Each reflection, and so the product, is orthogonal up to rounding for any
 * vector: no iteration must converge, and the weight does not drift. Every matrix with orthonormal columns can be
 * reached, except that a square matrix keeps its initial determinant, 1 or -1. For one of these two, the last reflector
 * is zeros: it represents the identity and gets no gradient.
 *
 * Initial weights with orthonormal columns, such as those of `orthogonal` and `identity`, are unchanged to rounding.
 * Other initial weights are replaced by the factor Q of W = QR, where R has a positive diagonal.
 *
 * Computing the weight takes k sequential vector-matrix products per call of the layer, and again for its gradient,
 * independent of the number of time steps. Throws a TensorError if the weight is not a matrix.
 */
export function orthogonalParametrization(): Reparametrization<OrthogonalParameters> {
  return {
    name: "orthogonalParametrization",
    params({ constraint: _, ...weight }) {
      const { count, length } = sidesOf(weight.shape);
      return { reflectors: { ...weight, shape: [count, length] } };
    },
    initial(weight) {
      const { count, length, wide } = sidesOf(weight.shape);
      const columns = valuesOf(wide ? weight : transpose(weight, [1, 0]));
      return {
        reflectors: tensor(reflectorsOf(Float64Array.from(columns), count, length), [count, length], { dtype: "f64" }),
      };
    },
    weight({ reflectors }, { shape }) {
      const product = neg(productOf(reflectors));
      return sidesOf(shape).wide ? transpose(product, [1, 0]) : product;
    },
  };
}

/** `H_1 H_2 ... H_k [I; 0]` of reflections by the rows of `[k, n]`, `[n, k]`. A row of zeros is the identity. */
function productOf(reflectors: Tensor): Tensor {
  const [count = 0, length = 0] = reflectors.shape;
  const lengths = euclideanNorm(reflectors, 1, { keep: true });
  const units = div(reflectors, select(equal(lengths, 0), 1, lengths));
  const squares = sum(square(units), 1);
  const factors = div(2, select(equal(squares, 0), 1, squares));
  const { state } = scan(
    ({ product }: { product: Tensor }, { v, factor }: { v: Tensor; factor: Tensor }) => {
      const along = matmul(reshape(v, [1, length]), product);
      return { state: { product: sub(product, matmul(reshape(mul(v, factor), [length, 1]), along)) }, output: {} };
    },
    { product: unitColumns(length, count, reflectors.dtype) },
    { v: units, factor: factors },
    { reverse: true, length: count, segment: Math.max(1, Math.ceil(Math.sqrt(count))) },
  );
  return state.product;
}

function unitColumns(rows: number, columns: number, dtype: DType): Tensor {
  const matrix = new Float64Array(rows * columns);
  for (let i = 0; i < columns; i++) matrix[i * columns + i] = 1;
  return tensor(matrix, [rows, columns], { dtype });
}

/** The shorter side, the longer side, and whether there are more columns than rows. */
function sidesOf(shape: Shape): { readonly count: number; readonly length: number; readonly wide: boolean } {
  const [rows, columns] = shape;
  if (shape.length !== 2 || !rows || !columns)
    throw new TensorError(`orthogonalParametrization: expected a matrix, got ${showShape(shape)}`);
  const wide = columns > rows;
  return { count: wide ? rows : columns, length: wide ? columns : rows, wide };
}
