import { convert, isTensor, mapTree, TensorError, type ArrayTensor, type DType, type Tree } from "@sluice/tensor";
import { checkOptions, checkTree, isArray } from "@sluice/tensor/internal";
import type { Specs } from "../parameter.ts";
import { isSpec, specsOf, weightSpecs, zipSpecs } from "../specs.ts";
import { lastOf, type ReparametrizedSpec } from "./reparametrization.ts";

/**
 * The inverse of `weightsOf`: parameters that make these weights, or the nearest possible weights, such as the
 * orthogonal factor of a matrix that is not orthogonal. Use it for initial values and imported weights. Weights are
 * arrays. The parameters have the weights' dtype, or the given one.
 */
export function parametersOf<P extends Tree>(
  of: { readonly params: Specs },
  weights: P,
  options?: { readonly dtype?: DType },
): P;
export function parametersOf(
  of: { readonly params: Specs },
  weights: Tree,
  options: { readonly dtype?: DType } = {},
): Tree {
  checkOptions("parametersOf", options, ["dtype"]);
  const { dtype } = options;
  return zipSpecs("parametersOf", of.params, weights, (spec, weight, path) => {
    if (!isTensor(weight) || !isArray(weight))
      throw new TensorError(`parametersOf: the weight ${path} must be an array of numbers`);
    const parts = isSpec(spec) ? weight : partsOfWeight(spec, inDouble(weight), path);
    return mapTree(parts, (part) => convert(part, dtype ?? weight.dtype));
  });
}

/** The parameters, f64, that make `weight` or the nearest possible weight; nested like `spec.params`. */
export function partsOfWeight(spec: ReparametrizedSpec, weight: ArrayTensor, path: string): Tree {
  const last = lastOf(spec);
  const operation = `${last.name} of ${path === "" ? "the weight" : path}`;
  const initial = last.initial(weight);
  const expected = specsOf(weightSpecs(spec.params)).map(({ path: at, spec: { shape } }) => ({ path: at, shape }));
  checkTree(operation, "initial values", expected, initial);
  return zipSpecs(operation, spec.params, initial, (part, value, name) => {
    if (!isTensor(value) || !isArray(value))
      throw new TensorError(`${operation}: the initial value ${name} must be an array`);
    return isSpec(part) ? value : partsOfWeight(part, value, name === "" ? path : `${path}.${name}`);
  });
}

function inDouble(weight: ArrayTensor): ArrayTensor {
  return { ...weight, dtype: "f64", data: Float64Array.from(weight.data) };
}
