import { type Tensor, type Tree } from "@sluice/tensor";
import { checkTree, isFloat } from "@sluice/tensor/internal";
import type { Specs } from "./parameter.ts";
import { specsOf } from "./specs.ts";

/**
 * Compares parameters with their specs, by path. The error starts with `operation` and names every parameter that is
 * missing, unexpected, or of another shape or dtype. If `x` is a float tensor, all must have its dtype. A compiled
 * function does this only while it is recorded.
 */
export function checkParameters(operation: string, specs: Specs, given: Tree, x?: Tensor): void {
  const dtype = x !== undefined && isFloat(x.dtype) ? { dtype: x.dtype } : {};
  checkTree(
    operation,
    "parameters",
    specsOf(specs).map(({ path, spec }) => ({ path, shape: spec.shape, ...dtype })),
    given,
  );
}
