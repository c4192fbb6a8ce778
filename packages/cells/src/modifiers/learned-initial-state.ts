import { constant, parameter, type ParameterSpec, type Specs } from "@sluice/params";
import { TensorError, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { checkCell } from "../cell/check-cell.ts";
import { mapStates, type State, type StateLeaf, statesOf, type States } from "../cell/states.ts";
import { withParameters } from "./added-parameters.ts";

/**
 * A cell whose states begin as parameters, which are trained: `s_0 = initialState.<state>` for every row, at the first
 * step and after a reset.
 *
 * The parameters `initialState.<state>` have the state's shape and begin as the state did: as zeros, or as the number
 * or initializer of its spec says. States of integers and bools, and states that are learned already, stay as they are.
 * Throws a TensorError if no state is left to learn.
 */
export function learnedInitialState<S extends State>(cell: Cell<Tree, S>): Cell<Tree, S> {
  checkCell("learnedInitialState", cell);
  const learns = ({ dtype, initial }: StateLeaf): boolean => dtype === "f32" && typeof initial !== "string";
  if (!statesOf(cell.state).some(learns))
    throw new TensorError(
      `learnedInitialState: ${cell.name} has no float state that begins as a fixed value; its states are ${statesOf(
        cell.state,
      )
        .map(({ path }) => path)
        .join(", ")}`,
    );
  const specs: Specs = mapStates(cell.state, (leaf): ParameterSpec | Record<string, never> =>
    learns(leaf) ? learnedFrom(leaf) : {},
  );
  const state: States = mapStates(cell.state, (leaf) => {
    const { path, shape, dtype, initial } = leaf;
    return { shape, dtype, initial: learns(leaf) ? `initialState.${path}` : initial };
  });
  const learned = withParameters(cell, { name: "initialState", specs }, (_, params, at, x, context) =>
    cell.step(params, at, x, context),
  );
  return { ...learned, state };
}

/** A parameter that begins as the state did. */
function learnedFrom({ shape, initial }: StateLeaf): ParameterSpec {
  if (typeof initial === "function") return parameter(shape, { initializer: initial });
  return parameter(shape, { initializer: constant(Number(initial)) });
}
