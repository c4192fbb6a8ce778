import { convert, isTensor, keyFor, mapTree, TensorError, type DType, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, isArray, sameShape, showShape } from "@sluice/tensor/internal";
import { checkParameters } from "../check-parameters.ts";
import type { Specs } from "../parameter.ts";
import { isSpec, weightLeaves, zipSpecs } from "../specs.ts";
import { partsOfWeight } from "./parts.ts";
import type { ReparametrizedSpec } from "./reparametrization.ts";

export interface WeightsOptions {
  /** Default false: evaluation, without randomness. */
  readonly training?: boolean;
  /** For what draws in training, such as DropConnect. Each weight draws from a key of its own path. */
  readonly key?: Tensor | undefined;
}

/**
 * The weights that parameters make, nested as the specs: what a cell's step and a layer's equations see. Where nothing
 * is reparametrized, they are the parameters themselves.
 *
 * Layers of `@sluice/cells` call this once, before the loop over time. It also gives a layer without reparametrization
 * its weights, to be exported or streamed: `stream(plain, weightsOf(layer, params))`.
 */
export function weightsOf<P extends Tree>(of: { readonly params: Specs }, params: P, options?: WeightsOptions): P;
export function weightsOf(of: { readonly params: Specs }, params: Tree, options: WeightsOptions = {}): Tree {
  checkOptions("weightsOf", options, ["training", "key"]);
  if (weightLeaves(of.params).every(({ spec }) => isSpec(spec))) return params;
  checkParameters("weightsOf", of.params, params);
  return made(of.params, params, "", options);
}

/**
 * The other way: parameters that make these weights, or what is nearest to them, such as the orthogonal factor of a
 * matrix that is not orthogonal. Weights are arrays. For initial values, and for weights from elsewhere.
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
    const parts = isSpec(spec)
      ? weight
      : partsOfWeight(spec, { ...weight, dtype: "f64", data: Float64Array.from(weight.data) }, path);
    return mapTree(parts, (part) => convert(part, dtype ?? weight.dtype));
  });
}

/** The weight of one spec, whose parameters stand at `path`. */
export function weightOf(spec: ReparametrizedSpec, params: Tree, path: string, options: WeightsOptions): Tensor {
  const { training = false, key } = options;
  const last = spec.by.at(-1);
  const whole = `${last?.name ?? "weightsOf"} of ${path === "" ? "the weight" : path}`;
  // Each reparametrization of a weight draws for itself, also two of one kind.
  const before = key === undefined ? options : { ...options, key: keyFor(key, "before") };
  const weight = last?.weight(made(spec.params, params, path, before), {
    shape: spec.weight.shape,
    training,
    key() {
      if (key !== undefined) return keyFor(key, `${last.name}.${path}`);
      throw new TensorError(`${whole}: training with randomness needs a key; pass { training: true, key: key(seed) }`);
    },
  });
  if (weight !== undefined && isTensor(weight) && sameShape(weight.shape, spec.weight.shape)) return weight;
  throw new TensorError(
    `${whole}: the weight must be ${showShape(spec.weight.shape)}, got ${weight === undefined ? "none" : showShape(weight.shape)}`,
  );
}

const made = (specs: Specs, params: Tree, path: string, options: WeightsOptions): Tree =>
  zipSpecs(
    "weightsOf",
    specs,
    params,
    (spec, own, at) => (isSpec(spec) ? own : weightOf(spec, own, at, options)),
    path,
  );
