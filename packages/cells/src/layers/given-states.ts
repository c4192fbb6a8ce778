/** The states that a layer is given, and what initial states are made of. */
import { isTensor, leavesOf, TensorError, type DType, type Tree } from "@sluice/tensor";
import { checkOptions, checkTree, isFloat, sameShape, showShape, suggestion } from "@sluice/tensor/internal";
import type { State } from "../cell/states.ts";
import type { InitialStateOptions } from "./layer.ts";

/** The dtype asked of `perturbations`. */
export function dtypeOf(operation: string, options: { readonly dtype?: DType } = {}): DType {
  checkOptions(operation, options, ["dtype"]);
  return options.dtype ?? "f32";
}

/** The dtype asked of `initialState`, and the parameters from which learned states begin. */
export function beginOf<P extends Tree>(
  operation: string,
  options: InitialStateOptions<P> = {},
): { readonly dtype: DType; readonly params: P | undefined } {
  checkOptions(operation, options, ["dtype", "params"]);
  const { params } = options;
  const float = params === undefined ? undefined : leavesOf(params).find(({ tensor: { dtype } }) => isFloat(dtype));
  return { dtype: options.dtype ?? float?.tensor.dtype ?? "f32", params };
}

/** Compares the nested states passed to a layer of layers with its own. */
export function checkStates<S extends Tree>(
  name: string,
  given: { readonly state?: S; readonly resetState?: S },
  initial: S,
): void {
  const expected = leavesOf(initial).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
  if (given.state !== undefined) checkTree(name, "states of state", expected, given.state);
  if (given.resetState !== undefined) checkTree(name, "states of resetState", expected, given.resetState);
}

export function stateOf<S extends State>(name: string, option: string, given: S | undefined, initial: S): S {
  if (given === undefined) return initial;
  const tensors = new Map(leavesOf(given).map(({ path, tensor }) => [path, tensor]));
  const expected = leavesOf(initial);
  const paths = expected.map(({ path }) => path);
  const strange = [...tensors.keys()].find((path) => !paths.includes(path));
  if (strange !== undefined)
    throw new TensorError(
      `${name}: ${option} has ${strange}, which is not a state of the cell; ${suggestion(strange, paths)}`,
    );
  for (const { path, tensor: zero } of expected) {
    const state = tensors.get(path);
    if (state !== undefined && sameShape(state.shape, zero.shape) && state.dtype === zero.dtype) continue;
    const got = state === undefined ? "none" : `${state.dtype} ${showShape(state.shape)}`;
    throw new TensorError(`${name}: ${option} ${path} must be ${zero.dtype} ${showShape(zero.shape)}, got ${got}`);
  }
  return given;
}

/** The part of a tree under a name. */
export function partOf(tree: Tree | undefined, key: string, where: string): Tree {
  const child =
    tree === undefined || isTensor(tree) ? undefined : Object.entries<Tree>(tree).find(([name]) => name === key)?.[1];
  if (child === undefined) throw new TensorError(`${where}: nothing at ${key}; expected the nesting of the layer`);
  return child;
}
