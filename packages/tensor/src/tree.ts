import { checkFunction, notArithmetic } from "./arguments.ts";
import { TensorError } from "./errors.ts";
import { lookUp, nth } from "./lists.ts";
import { isTensor, type Tensor } from "./tensor.ts";

/** Tensors in nested plain objects and arrays. The path to a tensor is its name: `layers.0.U`. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The same nesting with other leaves. */
export type TreeOf<T extends Tree, Leaf> = T extends Tensor
  ? Leaf
  : { [K in keyof T]: T[K] extends Tree ? TreeOf<T[K], Leaf> : never };

/** A tensor of a tree and its path. */
export interface Leaf {
  readonly path: string;
  readonly tensor: Tensor;
}

/**
 * The tensors of a tree in the order of their keys, each with its path. If the tree is a single tensor, its path is "".
 */
export function leavesOf(tree: Tree, path = ""): Leaf[] {
  if (isTensor(tree)) return [{ path, tensor: tree }];
  return childrenOf(tree, path).flatMap(([key, child]) => leavesOf(child, below(path, key)));
}

/** The tensors of a tree in the order of {@link leavesOf}. */
export function tensorsOf(tree: Tree): Tensor[] {
  return leavesOf(tree).map((leaf) => leaf.tensor);
}

/** A tree nested as `like`, filled with `tensors` in the order of {@link leavesOf}. */
export function treeFrom<T extends Tree>(like: T, tensors: readonly Tensor[]): T {
  let next = 0;
  return mapTree(like, () => {
    const tensor = tensors[next++];
    if (tensor === undefined) throw new TensorError(`tree: expected more than ${tensors.length} tensors`);
    return tensor;
  });
}

/** A tree of the same nesting with `f` applied to every tensor. */
export function mapTree<T extends Tree>(tree: T, f: (tensor: Tensor, path: string) => Tensor): T;
export function mapTree(tree: Tree, f: (tensor: Tensor, path: string) => Tensor): Tree {
  checkFunction("mapTree", "the second argument", f);
  return mapFrom(tree, f, "");
}

function mapFrom(tree: Tree, f: (tensor: Tensor, path: string) => Tensor, path: string): Tree {
  if (isTensor(tree)) return f(tree, path);
  if (isList(tree)) return tree.map((child, i) => mapFrom(child, f, below(path, String(i))));
  return Object.fromEntries(childrenOf(tree, path).map(([key, child]) => [key, mapFrom(child, f, below(path, key))]));
}

/** Combines trees of the same nesting tensor by tensor. */
export function zipTrees<T extends Tree>(a: T, b: Tree, f: (a: Tensor, b: Tensor, path: string) => Tensor): T {
  const others = matchTree("tree", a, b);
  let next = 0;
  return mapTree(a, (x, path) => f(x, nth(others, next++), path));
}

/**
 * The tensors of `given` in the order of `like`. They are matched by path, so the order of the keys in `given` does not
 * matter. The error begins with `operation` and names the paths that are missing or unexpected.
 */
export function matchTree(operation: string, like: Tree, given: Tree): Tensor[] {
  const tensors: Tensor[] = [];
  return collectAlike(like, given, tensors) ? tensors : matchPaths(operation, like, given);
}

/**
 * Collects the tensors of `given` if it has the nesting and keys of `like`. It builds no paths, because a compiled
 * program is called often. False if the nesting differs or if paths may be ambiguous.
 */
function collectAlike(like: Tree, given: Tree, into: Tensor[]): boolean {
  if (isTensor(like) || isTensor(given)) {
    if (isTensor(given)) into.push(given);
    return isTensor(like) && isTensor(given);
  }
  if (typeof given !== "object" || given === null) return false;
  if (isList(like) || isList(given)) {
    return (
      isList(like) &&
      isList(given) &&
      like.length === given.length &&
      like.every((child, i) => collectAlike(child, nth(given, i), into))
    );
  }
  const keys = Object.keys(like);
  return (
    keys.length === Object.keys(given).length &&
    keys.every((key) => {
      const [child, own] = [like[key], Object.hasOwn(given, key) ? given[key] : undefined];
      return !key.includes(".") && child !== undefined && own !== undefined && collectAlike(child, own, into);
    })
  );
}

function matchPaths(operation: string, like: Tree, given: Tree): Tensor[] {
  const wanted = leavesOf(like).map((leaf) => leaf.path);
  const leaves = leavesOf(given);
  const byPath = new Map(leaves.map(({ path, tensor }) => [path, tensor]));
  const missing = wanted.filter((path) => !byPath.has(path));
  const known = new Set(wanted);
  const extra = leaves.filter(({ path }) => !known.has(path)).map((leaf) => leaf.path);
  const list = (paths: readonly string[]): string => paths.map((path) => (path === "" ? "the root" : path)).join(", ");
  if (missing.length > 0 || extra.length > 0) {
    const parts = [
      missing.length > 0 ? `no tensor at ${list(missing)}` : "",
      extra.length > 0 ? `unexpected ${list(extra)}` : "",
    ];
    throw new TensorError(
      `${operation}: ${parts.filter((part) => part !== "").join("; ")} (expected ${list(wanted) || "no tensors"})`,
    );
  }
  if (leaves.length !== known.size)
    throw new TensorError(
      `${operation}: two tensors have the same path among ${list(wanted)}; keys must not contain dots`,
    );
  return wanted.map((path) => lookUp(byPath, path, `${operation}: no tensor at ${path}`));
}

function childrenOf(tree: Exclude<Tree, Tensor>, path: string): [string, Tree][] {
  if (typeof tree !== "object" || tree === null || ArrayBuffer.isView(tree)) {
    const place = path === "" ? "the root" : path;
    throw new TensorError(`tree: expected a tensor, array or object at ${place}, got ${shown(tree)}`);
  }
  const children = Object.entries<Tree>(tree);
  if (Array.isArray(tree) && children.length > 0 && isNumbers(tree))
    throw new TensorError(
      `tree: expected a tensor at ${path === "" ? "the root" : path}, got a list of numbers; make one: tensor(values, shape), or tensor(values, shape, { dtype: "i32" }) for indices, such as classes`,
    );
  return children;
}

/** Whether a value is a list of numbers, or of such lists. */
const isNumbers = (value: unknown): boolean =>
  typeof value === "number" || (Array.isArray(value) && value.length > 0 && value.every(isNumbers));

function shown(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}; wrap it: tensor(values, shape)`;
  if (typeof value === "number" && Number.isNaN(value)) return `the number NaN; ${notArithmetic}`;
  if (typeof value === "number") return `the number ${value}; wrap it: scalar(${value})`;
  return typeof value === "function" ? "a function" : String(value);
}

function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
