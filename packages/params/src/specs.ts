/** Walks over trees of specs. */
import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { shown, sizeOf } from "@sluice/tensor/internal";
import type { ParameterSpec, Specs } from "./parameter.ts";
import type { ReparametrizedSpec } from "./reparametrizations/reparametrization.ts";

/** A parameter of a tree of specs, with its path. */
export interface SpecLeaf {
  readonly path: string;
  readonly spec: ParameterSpec;
}

/**
 * The specs of all parameters in order, each with its path: for a reparametrized weight, those it is computed from,
 * `U.direction` and `U.gain`.
 */
export function specsOf(specs: Specs, path = ""): SpecLeaf[] {
  return weightLeaves(specs, path).flatMap(({ path: at, spec }) =>
    isSpec(spec) ? [{ path: at, spec }] : specsOf(spec.params, at),
  );
}

/** The spec of a weight, reparametrized or not. */
export interface WeightLeaf {
  readonly path: string;
  readonly spec: ParameterSpec | ReparametrizedSpec;
}

/** The specs of all weights in order, each with its path. A reparametrized weight counts as one. */
export function weightLeaves(specs: Specs, path = ""): WeightLeaf[] {
  if (isSpec(specs) || isReparametrized(specs)) return [{ path, spec: specs }];
  checkBranch(specs, path);
  return Object.entries<Specs>(specs).flatMap(([name, child]) => weightLeaves(child, below(path, name)));
}

/** The tree of tensors that `f` makes from every parameter's spec. */
export function mapSpecs(specs: Specs, f: (spec: ParameterSpec, path: string) => Tensor, path = ""): Tree {
  return treeOfSpecs(specs, (spec, at) => (isSpec(spec) ? f(spec, at) : mapSpecs(spec.params, f, at)), path);
}

/** The specs with `f` applied to every weight's spec, reparametrized or not. */
export const changeSpecs = (specs: Specs, f: OfWeight<Specs>, path?: string): Specs => mapWeights(specs, f, path);

/** The tree that `f` makes from every weight's spec, reparametrized or not. */
export const treeOfSpecs = (specs: Specs, f: OfWeight<Tree>, path?: string): Tree => mapWeights(specs, f, path);

type OfWeight<R> = (spec: ParameterSpec | ReparametrizedSpec, path: string) => R;

type Nested<R> = R | readonly Nested<R>[] | { readonly [name: string]: Nested<R> };

function mapWeights<R>(specs: Specs, f: OfWeight<R>, path = ""): Nested<R> {
  if (isSpec(specs) || isReparametrized(specs)) return f(specs, path);
  checkBranch(specs, path);
  if (isList(specs)) return specs.map((child, i) => mapWeights(child, f, below(path, i)));
  return Object.fromEntries(
    Object.entries(specs).map(([name, child]) => [name, mapWeights(child, f, below(path, name))]),
  );
}

/**
 * {@link treeOfSpecs} with the value of another tree at each spec's path. Throws if there is none; the message starts
 * with `operation`.
 */
export function zipSpecs(
  operation: string,
  specs: Specs,
  tree: Tree,
  f: (spec: ParameterSpec | ReparametrizedSpec, own: Tree, path: string) => Tree,
  path = "",
): Tree {
  if (isSpec(specs) || isReparametrized(specs)) return f(specs, tree, path);
  checkBranch(specs, path);
  const children = isTensor(tree) ? new Map<string, Tree>() : new Map(Object.entries<Tree>(tree));
  const childAt = (child: Specs, name: string): Tree => {
    const own = children.get(name);
    if (own === undefined) throw new TensorError(`${operation}: there is nothing at ${below(path, name)}`);
    return zipSpecs(operation, child, own, f, below(path, name));
  };
  if (isList(specs)) return specs.map((child, i) => childAt(child, String(i)));
  return Object.fromEntries(Object.entries(specs).map(([name, child]) => [name, childAt(child, name)]));
}

/**
 * The specs of the weights as a cell's step or a layer's equations use them: one spec for each reparametrized weight.
 * The result of `weightsOf` fits them.
 */
export function weightSpecs(specs: Specs): Specs {
  return changeSpecs(specs, (spec) => (isSpec(spec) ? spec : spec.weight));
}

/** The number of trainable parameters (scalars) of a layer, a cell or a tree of specs. */
export function parameterCount(of: { readonly params: Specs }): number {
  return specsOf(of.params).reduce((count, { spec }) => count + sizeOf(spec.shape), 0);
}

export function isSpec(specs: Specs): specs is ParameterSpec {
  return hasKind(specs, "parameter");
}

export function isReparametrized(specs: Specs): specs is ReparametrizedSpec {
  return hasKind(specs, "reparametrized");
}

function hasKind(specs: Specs, kind: string): boolean {
  return typeof specs === "object" && specs !== null && "kind" in specs && specs.kind === kind;
}

function isList(specs: Specs): specs is readonly Specs[] {
  return Array.isArray(specs);
}

const below = (path: string, name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);

function checkBranch(specs: unknown, path: string): void {
  if (typeof specs === "object" && specs !== null && !isTensor(specs)) return;
  throw new TensorError(
    `init: ${path === "" ? "the parameters" : path} is ${shown(specs)}, expected a parameter such as kernel([3, 4]), or an object or list of them`,
  );
}
