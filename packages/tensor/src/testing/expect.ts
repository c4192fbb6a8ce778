/** What a law says where it is broken. */
import { isArray } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { leavesOf, type Tree } from "../tree.ts";
import { valuesOf, type ArrayTensor, type Tensor } from "../tensor.ts";

/** Throws an error where something does not hold. */
export function expectThat(what: string, holds: boolean): void {
  if (!holds) throw new TensorError(what);
}

/** Throws an error where two trees differ in paths, shapes, dtypes or a bit; -0 and 0 differ. */
export function expectSame(what: string, found: Tree, expected: Tree): void {
  const [got, wanted] = [typesOf(found), typesOf(expected)];
  if (got !== wanted) throw new TensorError(`${what}: got ${got || "nothing"}, expected ${wanted || "nothing"}`);
  const others = new Map(leavesOf(expected).map(({ path, tensor }) => [path, valuesOf(tensor)]));
  for (const { path, tensor } of leavesOf(found)) {
    const [a, b = []] = [valuesOf(tensor), others.get(path)];
    const at = a.findIndex((value, i) => !Object.is(value, b[i]));
    if (at >= 0)
      throw new TensorError(`${what}: ${path || "value"} differs at ${at}: ${a[at]} where ${b[at]} is expected`);
  }
}

const typesOf = (tree: Tree): string =>
  leavesOf(tree)
    .map(({ path, tensor: { dtype, shape } }) => `${path} ${dtype} [${shape.join(",")}]`)
    .toSorted()
    .join("; ");

/**
 * Throws an error where values are further from the expected ones than `tolerance`, relative to the largest of these or
 * 1; with a tolerance of 0, where they differ in a bit.
 */
export function expectNear(
  what: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  const values = Array.from(expected);
  const magnitude = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  values.forEach((value, i) => {
    const other = found[i] ?? NaN;
    const same = tolerance === 0 ? Object.is(value, other) : Math.abs(value - other) <= tolerance * magnitude;
    if (!same) throw new TensorError(`${what}: ${other} at ${i}, where ${value} is expected (tolerance ${tolerance})`);
  });
}

/** A tensor that has values. */
export function arrayOf(x: Tensor): ArrayTensor {
  if (isArray(x)) return x;
  throw new TensorError("expected values, got a symbol");
}
