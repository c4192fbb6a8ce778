/** The feature map of keys and queries in DeltaNet. */
import { add, div, silu, sqrt, square, sum, type Tensor } from "@sluice/tensor";

/** Added to the square of a length, as in the authors' code (fla-core 0.6.0): a row of zeros stays one. */
const EPSILON = 1e-6;

/** silu(y) / |silu(y)| along the last axis: rows of length 1 (Yang et al. 2024, arXiv:2406.06484). */
export function unitSilu(y: Tensor): Tensor {
  const features = silu(y);
  return div(features, sqrt(add(sum(square(features), -1, { keep: true }), EPSILON)));
}
