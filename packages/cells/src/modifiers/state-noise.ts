import { add, mapTree, normal, TensorError, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { withTrainingStep, type Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { mapStates, statesOf, type NestedStates, type State } from "../cell/states.ts";
import { byState, type NumberByState } from "./by-state.ts";
import { keysWithin } from "./keys-within.ts";

/** Options of {@link stateNoise}. */
export interface StateNoiseOptions<S> {
  /** The standard deviation of the noise: one number for all float states, or one by state: `{ h: 0.1 }`. */
  readonly deviation: number | NumberByState<S>;
}

/**
 * Adds noise to states at each step in training (Jim, Giles and Horne 1996, doi:10.1109/72.548170; Dieng et al. 2018,
 * arXiv:1805.01500):
 *
 *     s_t = s'_t + deviation e_t        e_t ~ N(0, 1), drawn for each unit and step
 *
 * In evaluation there is no noise. The noise stays in the state that the next step starts from. If the output is a
 * state, it is the noisy state. Throws a TensorError if a deviation is negative or a given state is not a float.
 */
export function stateNoise<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: StateNoiseOptions<S>,
): Cell<P, S> {
  checkCell("stateNoise", cell);
  checkOptions(`stateNoise of ${cell.name}`, options, ["deviation"], { std: "deviation", stddev: "deviation" });
  const { deviation } = options;
  const given = typeof deviation === "object" ? deviation : ofFloats(cell, deviation);
  const byPath = byState("stateNoise", cell, given, {
    check(path, value) {
      if (value >= 0 && value < Infinity) return value;
      throw new TensorError(
        `stateNoise of ${cell.name}: the deviation of ${path} must be finite and >= 0, got ${value}`,
      );
    },
    idle: 0,
  });
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    const next = cell.step(params, state, x, { ...context, keys: keysWithin("stateNoise", context.keys) });
    if (!context.training) return next;
    const noisy = mapTree(next.state, (s, path) => {
      const size = byPath.get(path) ?? 0;
      if (size === 0) return s;
      return add(s, normal(context.keys.step(`stateNoise.${path}`), s.shape, { deviation: size, dtype: s.dtype }));
    });
    return { ...next, state: noisy };
  });
}

/** One deviation for all states that are floats. */
function ofFloats(cell: Cell, deviation: number): NestedStates<number> {
  if (statesOf(cell.state).every(({ dtype }) => dtype !== "f32"))
    throw new TensorError(`stateNoise of ${cell.name}: no state is a float, so there is nothing to add noise to`);
  return mapStates(cell.state, ({ dtype }) => (dtype === "f32" ? deviation : 0));
}
