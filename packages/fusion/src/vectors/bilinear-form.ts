import { expand, matmul, mul, reshape, sum, type Tensor } from "@sluice/tensor";

/**
 * `x' W_k z` for each k: `[..., output]`. x is `[..., m]`, z is `[..., n]`, and W `[m, n output]` has the matrices side
 * by side: the element (i, j) of W_k in row i and column `j output + k`.
 */
export function bilinearForm(x: Tensor, z: Tensor, W: Tensor): Tensor {
  const n = z.shape.at(-1) ?? 1;
  const lead = x.shape.slice(0, -1);
  const xW = reshape(matmul(x, W), [...lead, n, (W.shape[1] ?? 0) / n]);
  return sum(mul(xW, expand(z, -1)), lead.length);
}
