import { numbers } from "../dtype.ts";
import { max, mul } from "../primitives/arithmetic.ts";
import { checkDType } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import { associativeScan } from "./associative-scan.ts";

/** y_i = max(x_0, ..., x_i) along `axis`; with `reverse`, from the end. NaN from the first NaN on. */
export function cumulativeMax(x: Tensor, axis: number, options: { readonly reverse?: boolean } = {}): Tensor {
  checkDType("cumulativeMax", numbers, x);
  return associativeScan(max, x, { ...options, axis });
}

/**
 * y_i = x_0 ... x_i along `axis`; with `reverse`, from the end. The gradient uses products only, no division, so it is
 * correct if elements are 0. Factors are multiplied in the order of {@link associativeScan}.
 */
export function cumulativeProduct(x: Tensor, axis: number, options: { readonly reverse?: boolean } = {}): Tensor {
  checkDType("cumulativeProduct", numbers, x);
  return associativeScan(mul, x, { ...options, axis });
}
