import { mapTree, max, min, TensorError, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";
import { byState, type NumberByState } from "./by-state.ts";

/**
 * Clips states at each step, in training and evaluation (Sak et al. 2014, arXiv:1402.1128, for the memory of an LSTM):
 *
 *     s_t = max(-limit, min(limit, s'_t))
 *
 * Limits are given by state: `clipState(lstm, { c: 50 })`. An element beyond its limit passes no gradient to what it
 * was computed from. States that depend on each other within the step see the unclipped value (an LSTM's h is made from
 * the new c before it is clipped; TensorFlow's `cell_clip` clips c first). If the output is a state, it is the clipped
 * state. Throws a TensorError if a limit is not positive or the state is not a float.
 */
export function clipState<P extends Tree, S extends State>(cell: Cell<P, S>, limits: NumberByState<S>): Cell<P, S> {
  checkCell("clipState", cell);
  const byPath = byState("clipState", cell, limits, {
    check(path, limit) {
      if (limit > 0) return limit;
      throw new TensorError(`clipState of ${cell.name}: the limit of ${path} must be above 0, got ${limit}`);
    },
  });
  return {
    ...cell,
    step(params, state, x, context = evaluation) {
      const next = cell.step(params, state, x, context);
      const clipped = mapTree(next.state, (s, path) => {
        const limit = byPath.get(path);
        return limit === undefined ? s : max(-limit, min(limit, s));
      });
      return { ...next, state: clipped };
    },
  };
}
