import {
  convert,
  isTensor,
  keyFor,
  TensorError,
  type ArrayTensor,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, sameShape, shown, showShape, sizeOf } from "@sluice/tensor/internal";
import { glorotUniform } from "./initializers/scaled.ts";
import { zeros } from "./initializers/constant.ts";
import { orthogonal } from "./initializers/orthogonal.ts";
import type { Initializer, Sizes } from "./initializers/initializer.ts";
import type { Constraint } from "./constraints/constraint.ts";
import type { Regularizer } from "./regularizers.ts";

/** What a parameter is for, so that an initializer or regularizer can be chosen for all of a kind at once. */
export type Role = "kernel" | "recurrent" | "bias" | "norm" | "other";

/** A parameter before it has values. */
export interface ParameterSpec {
  readonly kind: "parameter";
  readonly shape: Shape;
  readonly role: Role;
  readonly initializer: Initializer;
  /** Applied around the initializer, also around one that the user chose instead: an LSTM's forget bias. */
  readonly adjust?: (initial: ArrayTensor) => ArrayTensor;
  readonly regularizer?: Regularizer;
  /** Applied after each update of a training step that constrains: see `constrain`. */
  readonly constraint?: Constraint;
  /** What the initializer is told of the sizes of the cell. */
  readonly sizes?: Sizes;
}

/** Specs in nested plain objects and arrays; the path to a spec is the parameter's name. */
export type Specs = ParameterSpec | readonly Specs[] | { readonly [name: string]: Specs };

/** The tree of tensors that a tree of specs describes. */
export type ParamsOf<D extends Specs> = D extends ParameterSpec
  ? Tensor
  : { [K in keyof D]: D[K] extends Specs ? ParamsOf<D[K]> : never };

type SpecOptions = Partial<Pick<ParameterSpec, "initializer" | "adjust" | "regularizer" | "constraint" | "role">>;

/** A parameter of any role (default `other`, initially zeros). */
export function parameter(shape: Shape, options: SpecOptions = {}): ParameterSpec {
  checkOptions("parameter", options, ["role", "initializer", "adjust", "regularizer", "constraint"], {
    initializer: "initializer",
    init: "initializer",
    regularizer: "regularizer",
  });
  return { kind: "parameter", shape, role: "other", initializer: zeros, ...options };
}

/** A matrix `[input, gates * hidden]` that multiplies the input; by default glorotUniform. */
export const kernel = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "kernel", initializer: glorotUniform, ...options });

/** A matrix `[hidden, gates * hidden]` that multiplies the state; by default orthogonal, as a whole. */
export const recurrentKernel = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "recurrent", initializer: orthogonal, ...options });

/** A bias `[gates * hidden]`; by default zeros. */
export const bias = (shape: Shape, options: Omit<SpecOptions, "role"> = {}): ParameterSpec =>
  parameter(shape, { role: "bias", initializer: zeros, ...options });

export interface SpecLeaf {
  readonly path: string;
  readonly spec: ParameterSpec;
}

/** The specs of a tree in order, each with its path. */
export function specsOf(specs: Specs, path = ""): SpecLeaf[] {
  if (isSpec(specs)) return [{ path, spec: specs }];
  checkBranch(specs, path);
  return Object.entries<Specs>(specs).flatMap(([name, child]) =>
    specsOf(child, path === "" ? name : `${path}.${name}`),
  );
}

/** The tree of tensors that `f` makes of every spec. */
export function mapSpecs(specs: Specs, f: (spec: ParameterSpec, path: string) => Tensor, path = ""): Tree {
  if (isSpec(specs)) return f(specs, path);
  checkBranch(specs, path);
  const below = (name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);
  if (isList(specs)) return specs.map((child, i) => mapSpecs(child, f, below(i)));
  return Object.fromEntries(Object.entries(specs).map(([name, child]) => [name, mapSpecs(child, f, below(name))]));
}

/** The specs with `f` of every one. */
export function changeSpecs(specs: Specs, f: (spec: ParameterSpec) => ParameterSpec): Specs {
  if (isSpec(specs)) return f(specs);
  if (isList(specs)) return specs.map((child) => changeSpecs(child, f));
  return Object.fromEntries(Object.entries(specs).map(([name, child]) => [name, changeSpecs(child, f)]));
}

function checkBranch(specs: unknown, path: string): void {
  if (typeof specs === "object" && specs !== null && !isTensor(specs)) return;
  throw new TensorError(
    `init: ${path === "" ? "the parameters" : path} is ${shown(specs)}, expected a parameter such as kernel([3, 4]), or an object or list of them`,
  );
}

export interface InitOptions {
  /** Default f32. Initializers compute in f64 and are rounded once, but {@link orthogonal} computes in f32. */
  readonly dtype?: DType;
}

/** Initial values of all parameters. Each draws from a key of its own path, so adding a parameter changes no other. */
export function initialize<D extends Specs>(specs: D, key: ArrayTensor, options?: InitOptions): ParamsOf<D>;
export function initialize(specs: Specs, key: ArrayTensor, options: InitOptions = {}): Tree {
  return initialTree(specs, key, options);
}

/** {@link initialize} for specs whose names are not known at compile time. */
export function initialTree(specs: Specs, key: ArrayTensor, options: InitOptions = {}): Tree {
  checkOptions("init", options, ["dtype"]);
  const { dtype = "f32" } = options;
  return mapSpecs(specs, (spec, path) => {
    const { initializer, shape, sizes, adjust } = spec;
    const drawn = initializer(keyFor(key, path), shape, sizes ?? {});
    if (!sameShape(drawn.shape, shape)) {
      throw new TensorError(
        `init: the initializer of ${path} must give an array ${showShape(shape)}, got ${showShape(drawn.shape)}`,
      );
    }
    return convert(adjust === undefined ? drawn : adjust(drawn), dtype);
  });
}

/** The number of trainable numbers of a layer, a cell or a tree of specs. */
export function parameterCount(of: { readonly params: Specs }): number {
  return specsOf(of.params).reduce((count, { spec }) => count + sizeOf(spec.shape), 0);
}

function isSpec(specs: Specs): specs is ParameterSpec {
  return typeof specs === "object" && specs !== null && "kind" in specs && specs.kind === "parameter";
}

function isList(specs: Specs): specs is readonly Specs[] {
  return Array.isArray(specs);
}
