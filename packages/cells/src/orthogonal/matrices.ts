/** Matrices `[n, n]` that dynamical cells make of their recurrent weights. */
import { add, convert, equal, iota, mul, sub, transpose, type Tensor } from "@sluice/tensor";

/** `U - U^T - gamma I`: antisymmetric, with a diffusion gamma that moves its eigenvalues to the left. */
export function antisymmetric(U: Tensor, gamma: number): Tensor {
  return sub(sub(U, transpose(U)), mul(gamma, unitLike(U)));
}

/** `(1 - beta) (M + M^T) + beta (M - M^T) - gamma I`: between symmetric (beta 0) and antisymmetric (beta 1). */
export function symmetricToSkew(M: Tensor, beta: number, gamma: number): Tensor {
  const T = transpose(M);
  return sub(add(mul(1 - beta, add(M, T)), mul(beta, sub(M, T))), mul(gamma, unitLike(M)));
}

/** The identity of the shape and dtype of a matrix. */
function unitLike({ shape, dtype }: Tensor): Tensor {
  return convert(equal(iota(shape, { axis: 0 }), iota(shape, { axis: 1 })), dtype);
}
