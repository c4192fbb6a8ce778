import { TensorError } from "./errors.ts";
import { isTensor, type Tensor } from "./tensor.ts";

/** Tensors in nested plain objects and arrays. The path to a tensor is its name: `layers.0.U`. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The same nesting with other leaves. */
export type TreeOf<T extends Tree, Leaf> = T extends Tensor ? Leaf : { [K in keyof T]: T[K] extends Tree ? TreeOf<T[K], Leaf> : never };

export interface Leaf {
  readonly path: string;
  readonly tensor: Tensor;
}

/** The tensors of a tree in order of their keys as they stand, each with its path. */
export function leavesOf(tree: Tree, path = ""): Leaf[] {
  if (isTensor(tree)) return [{ path, tensor: tree }];
  if (typeof tree !== "object" || tree === null) {
    throw new TensorError(`tree: expected a tensor, array or object at ${path === "" ? "the root" : path}, got ${String(tree)}`);
  }
  return Object.entries<Tree>(tree).flatMap(([key, child]) => leavesOf(child, path === "" ? key : `${path}.${key}`));
}

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

/** A tree of the same nesting with `f` of every tensor. */
export function mapTree<T extends Tree>(tree: T, f: (tensor: Tensor, path: string) => Tensor): T;
export function mapTree(tree: Tree, f: (tensor: Tensor, path: string) => Tensor): Tree {
  return mapFrom(tree, f, "");
}

function mapFrom(tree: Tree, f: (tensor: Tensor, path: string) => Tensor, path: string): Tree {
  if (isTensor(tree)) return f(tree, path);
  const below = (key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);
  if (isList(tree)) return tree.map((child, i) => mapFrom(child, f, below(i)));
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, mapFrom(child, f, below(key))]));
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}

/** Combines trees of the same nesting tensor by tensor. */
export function zipTrees<T extends Tree>(a: T, b: Tree, f: (a: Tensor, b: Tensor, path: string) => Tensor): T {
  const others = new Map(leavesOf(b).map(({ path, tensor }) => [path, tensor]));
  return mapTree(a, (x, path) => {
    const y = others.get(path);
    if (y === undefined) {
      throw new TensorError(`tree: the second tree has no tensor at ${path === "" ? "the root" : path}; it has ${[...others.keys()].join(", ")}`);
    }
    return f(x, y, path);
  });
}
