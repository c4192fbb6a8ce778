import { TensorError, isTensor, type ArrayTensor, type Tree } from "@sluice/tensor";
import { checkTree, isArray } from "@sluice/tensor/internal";
import { isSpec, specsOf, weightSpecs, zipSpecs } from "../specs.ts";
import type { ReparametrizedSpec } from "./reparametrization.ts";

/** The parameters, f64, that make `weight`, or what is nearest to it; nested as `spec.params`. */
export function partsOfWeight(spec: ReparametrizedSpec, weight: ArrayTensor, path: string): Tree {
  const last = spec.by.at(-1);
  if (last === undefined) return weight;
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
