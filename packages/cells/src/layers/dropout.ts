import { bernoulli, convert, mul, TensorError, type Tensor } from "@sluice/tensor";
import { checkTensor } from "@sluice/tensor/internal";
import { checkRate } from "../options/rate.ts";

/**
 * Dropout (Srivastava et al. 2014): each element is zero with probability `rate`, and what is kept is divided by `1 -
 * rate`. A fresh mask for each element.
 */
export function dropout(x: Tensor, rate: number, key: Tensor | undefined): Tensor {
  checkTensor("dropout", "x", x);
  checkRate("dropout", "the layer", rate, { below: true });
  if (rate === 0) return x;
  if (key === undefined)
    throw new TensorError("dropout: training needs a key; pass { training: true, key: key(seed) }");
  return mul(x, mul(convert(bernoulli(key, x.shape, 1 - rate), x.dtype), 1 / (1 - rate)));
}
