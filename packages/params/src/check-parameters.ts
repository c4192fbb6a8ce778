import { type Tensor, type Tree } from "@sluice/tensor";
import { checkTree, isFloat } from "@sluice/tensor/internal";
import type { Specs } from "./parameter.ts";
import { specsOf } from "./specs.ts";

/**
 * Compares parameters with the specs of what they are for, by path: an error, begun by `operation`, names everything
 * that is missing, too much, or of another shape or dtype. All have the dtype of `x`, where one is given that is a
 * float. Of a compiled function it costs nothing once that is recorded.
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
