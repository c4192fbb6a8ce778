/** Initial values of parameters. */
import { convert, keyFor, mapTree, TensorError, type ArrayTensor, type DType, type Tree } from "@sluice/tensor";
import { checkKey, checkOptions, sameShape, showShape } from "@sluice/tensor/internal";
import type { ParameterSpec, ParamsOf, Specs } from "./parameter.ts";
import { partsOfWeight } from "./reparametrizations/parts.ts";
import { isSpec, treeOfSpecs } from "./specs.ts";

/** Options for making parameters. */
export interface InitOptions {
  /** Default f32. Initializers compute in f64 and are rounded once, but {@link orthogonal} computes in f32. */
  readonly dtype?: DType;
}

/**
 * Initial values of all parameters. Each draws with a key derived from its path, so adding a parameter changes no
 * other. For a reparametrized weight, the initializer gives the weight, and its parameters are chosen to produce that
 * weight.
 */
export function initialize<D extends Specs>(specs: D, key: ArrayTensor, options?: InitOptions): ParamsOf<D>;
export function initialize(specs: Specs, key: ArrayTensor, options: InitOptions = {}): Tree {
  return initialTree(specs, key, options);
}

/** {@link initialize} for specs whose names TypeScript does not know. */
export function initialTree(specs: Specs, key: ArrayTensor, options: InitOptions = {}): Tree {
  checkOptions("init", options, ["dtype"]);
  checkKey("init", key);
  const { dtype = "f32" } = options;
  return treeOfSpecs(specs, (spec, path) => {
    if (isSpec(spec)) return convert(drawn(spec, path, key), dtype);
    const parts = partsOfWeight(spec, drawn(spec.weight, path, key), path);
    return mapTree(parts, (part) => convert(part, dtype));
  });
}

function drawn({ initializer, shape, sizes, adjust }: ParameterSpec, path: string, key: ArrayTensor): ArrayTensor {
  const initial = initializer(keyFor(key, path), shape, sizes ?? {});
  if (!sameShape(initial.shape, shape)) {
    throw new TensorError(
      `init: the initializer of ${path} must give an array ${showShape(shape)}, got ${showShape(initial.shape)}`,
    );
  }
  return adjust === undefined ? initial : adjust(initial);
}
