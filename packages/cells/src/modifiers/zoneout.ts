import { add, bernoulli, leavesOf, mapTree, mul, select, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { statesOf, type State } from "../cell/states.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "../options/rate.ts";

/** Rates by state, nested like the states; states may be left out. */
export type StateRates<S> = { readonly [K in keyof S]?: RateOf<S[K]> };

type RateOf<T> = T extends Tensor ? number : StateRates<T>;

/**
 * Zoneout (Krueger et al. 2016, arXiv:1606.01305): in training each unit keeps its old value with probability `rate`,
 * `s_t = m s_{t-1} + (1 - m) s'_t`, with a new mask m at each step. In evaluation it takes the expectation, `rate
 * s_{t-1} + (1 - rate) s'_t`.
 *
 * Rates are given by state: `zoneout(lstm, { h: 0.1, c: 0.05 })`. States that depend on each other within the step see
 * the new value, as in the paper (an LSTM's h is made from the new c). If the output is a state, it is that state after
 * zoneout.
 */
export function zoneout<P extends Tree, S extends State>(cell: Cell<P, S>, rates: StateRates<S>): Cell<P, S> {
  checkCell("zoneout", cell);
  const byPath = ratesOf(`zoneout of ${cell.name}`, rates, cell);
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

/** The rates by the paths of their states. */
function ratesOf(operation: string, rates: object, cell: Cell): ReadonlyMap<string, number> {
  checkOptions(operation, rates, Object.keys(cell.state));
  const states = new Map(statesOf(cell.state).map(({ path, dtype }) => [path, dtype]));
  const flat = (given: object, path: string): [string, unknown][] =>
    Object.entries({ ...given }).flatMap<[string, unknown]>(([name, rate]: [string, unknown]) =>
      typeof rate === "object" && rate !== null ? flat(rate, `${path}${name}.`) : [[`${path}${name}`, rate]],
    );
  return new Map(
    flat(rates, "").map(([path, rate]) => {
      const dtype = states.get(path);
      if (dtype === undefined)
        throw new TensorError(`${operation}: unknown option ${path}; ${suggestion(path, [...states.keys()])}`);
      const checked = checkRate("zoneout", path, typeof rate === "number" ? rate : NaN, { below: false });
      if (checked > 0 && dtype !== "f32")
        throw new TensorError(`${operation}: state ${path} is ${dtype}, but zoneout needs a float state`);
      return [path, checked];
    }),
  );
}
