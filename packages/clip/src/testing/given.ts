import {
  key,
  keyAt,
  keyFor,
  leavesOf,
  mapTree,
  normal,
  scalar,
  tensor,
  valuesOf,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import type { GradientTransform, UpdateContext } from "../gradient-transform.ts";

/** Parameters of three shapes, nested. */
export type Params = { readonly W: Tensor; readonly inner: { readonly b: Tensor; readonly gain: Tensor } };

export function paramsOf(seed: number, dtype: DType = "f32"): Params {
  const root = key(seed);
  return {
    W: normal(keyFor(root, "W"), [3, 4], { dtype }),
    inner: { b: normal(keyFor(root, "b"), [4], { dtype }), gain: normal(keyFor(root, "gain"), [], { dtype }) },
  };
}

export const contextOf = (step: number, dtype: DType = "f32"): UpdateContext => ({
  key: keyAt(key(77), step),
  step: scalar(step, "i32"),
  loss: scalar(1 / (1 + step), dtype),
});

/** The results of a transform in several steps with different gradients. */
export function stepsOf(
  transform: GradientTransform,
  count: number,
  options: { readonly from?: number; readonly state?: Tree; readonly dtype?: DType } = {},
): { readonly gradients: Params; readonly state: Tree; readonly report?: Tree; readonly skip?: Tensor }[] {
  const { from = 0, dtype = "f32" } = options;
  const params = paramsOf(1, dtype);
  let state = options.state ?? transform.init(params);
  return Array.from({ length: count }, (_, i) => {
    const step = from + i;
    const result = transform.update(paramsOf(100 + step, dtype), state, params, contextOf(step, dtype));
    state = result.state;
    return result;
  });
}

/** A copy of a tree of arrays, as if restored from a checkpoint. */
export const copied = (tree: Tree): Tree =>
  mapTree(tree, (x) => tensor(valuesOf(x).slice(), x.shape, { dtype: x.dtype }));

/** Throws if two trees differ in paths, shapes, dtypes or any bit of a value. All NaNs count as equal. */
export function same(what: string, actual: Tree, expected: Tree): void {
  sameTypes(what, actual, expected);
  const others = leavesOf(expected);
  leavesOf(actual).forEach(({ path, tensor: x }, i) => {
    const values = valuesOf(others[i]!.tensor);
    valuesOf(x).forEach((v, j) => {
      if (!Object.is(v, values[j])) throw new Error(`${what}: ${at(path, j)} is ${v}, expected ${values[j]}`);
    });
  });
}

export function sameTypes(what: string, actual: Tree, expected: Tree): void {
  const typesOf = (tree: Tree): string =>
    leavesOf(tree)
      .map(({ path, tensor: { shape, dtype } }) => `${path} ${dtype} [${shape.join(",")}]`)
      .join("; ");
  const [got, wanted] = [typesOf(actual), typesOf(expected)];
  if (got !== wanted) throw new Error(`${what}: got ${got || "no tensors"}, expected ${wanted || "no tensors"}`);
}

export function finite(what: string, tree: Tree): void {
  for (const { path, tensor: x } of leavesOf(tree))
    valuesOf(x).forEach((v, j) => {
      if (!Number.isFinite(v)) throw new Error(`${what}: ${at(path, j)} is ${v}, expected a finite number`);
    });
}

const at = (path: string, index: number): string => `element ${index} of ${path || "the tensor"}`;
