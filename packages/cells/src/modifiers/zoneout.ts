import { add, bernoulli, leavesOf, mapTree, mul, select, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";
import { byState, type NumberByState } from "./by-state.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "../options/rate.ts";

/**
 * Zoneout (Krueger et al. 2016, arXiv:1606.01305): in training each unit keeps its old value with probability `rate`,
 * `s_t = m s_{t-1} + (1 - m) s'_t`, with a new mask m at each step. In evaluation it takes the expectation, `rate
 * s_{t-1} + (1 - rate) s'_t`.
 *
 * Rates are given by state: `zoneout(lstm, { h: 0.1, c: 0.05 })`. States that depend on each other within the step see
 * the new value, as in the paper (an LSTM's h is made from the new c). If the output is a state, it is that state after
 * zoneout.
 */
export function zoneout<P extends Tree, S extends State>(cell: Cell<P, S>, rates: NumberByState<S>): Cell<P, S> {
  checkCell("zoneout", cell);
  const byPath = byState("zoneout", cell, rates, {
    check: (path, rate) => checkRate("zoneout", path, rate, { below: false }),
    idle: 0,
  });
  return {
    ...cell,
    step(params, state, x, context = evaluation) {
      const old = new Map(leavesOf(state).map(({ path, tensor }) => [path, tensor]));
      const next = cell.step(params, state, x, { ...context, keys: keysWithin("zoneout", context.keys) });
      const zoned = mapTree(next.state, (now, name) => {
        const rate = byPath.get(name) ?? 0;
        const before = old.get(name);
        if (rate === 0 || before === undefined) return now;
        return context.training
          ? select(bernoulli(context.keys.step(`zoneout.${name}`), now.shape, rate), before, now)
          : add(mul(before, rate), mul(now, 1 - rate));
      });
      return { ...next, state: zoned };
    },
  };
}
