import { leavesOf, TensorError, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { shown, showShape } from "@sluice/tensor/internal";

/** The numbers of a tensor with so many axes; `expected` names them. */
export function numbersOf(operation: string, x: Tensor, expected: readonly string[]): number[] {
  if (x.shape.length !== expected.length)
    throw new TensorError(`${operation}: expected [${expected.join(", ")}], got ${showShape(x.shape)}`);
  return Array.from(valuesOf(x));
}

/** The rows of a matrix. */
export function matrixOf(operation: string, x: Tensor, expected: readonly [string, string]): number[][] {
  return parted(numbersOf(operation, x, expected), x.shape[1] ?? 0, x.shape[0] ?? 0);
}

/** The steps of one row of `[batch, time, ...]`, whose other axes are flattened if `expected` has three names. */
export function rowOf(
  operation: string,
  x: Tensor,
  { row, expected }: { readonly row: number; readonly expected: readonly [string, string, string] },
): number[][] {
  const [batch, time, ...rest] = x.shape;
  if (batch === undefined || time === undefined || rest.length === 0)
    throw new TensorError(`${operation}: expected [${expected.join(", ")}], got ${showShape(x.shape)}`);
  if (!Number.isInteger(row) || row < 0 || row >= batch)
    throw new TensorError(`${operation}: row must be from 0 to ${batch - 1}, got ${shown(row)}`);
  const width = rest.reduce((size, n) => size * n, 1);
  return parted(Array.from(valuesOf(x).subarray(row * time * width, (row + 1) * time * width)), width, time);
}

function parted(values: readonly number[], width: number, count: number): number[][] {
  return Array.from({ length: count }, (_, index) => values.slice(index * width, (index + 1) * width));
}

/** The tensors of a tree by their paths; a tree that is one tensor has the given name. */
export function namedLeaves(tree: Tree, name: string): [string, Tensor][] {
  return leavesOf(tree).map(({ path, tensor }) => [path === "" ? name : path, tensor]);
}

/** 0, 1, 2, ... */
export const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
