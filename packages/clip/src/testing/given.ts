import {
  key,
  keyAt,
  keyFor,
  mapTree,
  normal,
  scalar,
  tensor,
  valuesOf,
  zerosLike,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { expectSame } from "@sluice/tensor/testing";
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

/** Throws an error where two trees differ in paths, shapes or dtypes, whatever their values. */
export function expectTypes(what: string, found: Tree, expected: Tree): void {
  const zeros = (tree: Tree): Tree => mapTree(tree, zerosLike);
  expectSame(what, zeros(found), zeros(expected));
}
