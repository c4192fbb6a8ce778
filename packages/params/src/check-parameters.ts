import { isTensor, leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkTree, describe, isFloat } from "@sluice/tensor/internal";
import type { Specs } from "./parameter.ts";
import { specsOf } from "./specs.ts";

/**
 * Compares parameters with their specs, by path. The error starts with `operation` and names every parameter that is
 * missing, unexpected, or of another shape or dtype. If `x` is a float tensor, all must have its dtype. A compiled
 * function does this only while it is recorded.
 */
export function checkParameters(operation: string, specs: Specs, given: Tree, x?: Tensor): void {
  if (x !== undefined) checkOneDType(operation, given, x);
  const dtype = x !== undefined && isFloat(x.dtype) ? { dtype: x.dtype } : {};
  checkTree(
    operation,
    "parameters",
    specsOf(specs).map(({ path, spec }) => ({ path, shape: spec.shape, ...dtype })),
    given,
  );
}

/** Where all parameters have one float dtype and `x` another, the error says so once, not for each parameter. */
function checkOneDType(operation: string, given: Tree, x: Tensor): void {
  if (!isFloat(x.dtype) || isTensor(given) || typeof given !== "object" || given === null) return;
  const [dtype, ...others] = new Set(leavesOf(given).map(({ tensor }) => tensor.dtype));
  if (dtype === undefined || others.length > 0 || !isFloat(dtype) || dtype === x.dtype) return;
  throw new TensorError(
    `${operation}: the input ${describe(x)} is ${x.dtype}, but the parameters are ${dtype}; convert one of them: convert(x, "${dtype}")`,
  );
}
