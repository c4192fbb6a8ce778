import { add, bernoulli, mapTree, mul, select, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { evaluation, type Cell, type State } from "../cell.ts";
import { checkCell } from "../check-given.ts";
import { keysWithin } from "./keys-within.ts";
import { checkRate } from "./rate.ts";

/**
 * Zoneout (Krueger et al. 2016, arXiv:1606.01305): in training each unit keeps its old value with probability `rate`,
 * `s_t = m s_{t-1} + (1 - m) s'_t`, with a new mask m at each step; in evaluation the expectation, `rate s_{t-1} + (1 -
 * rate) s'_t`.
 *
 * Rates are given by state: `zoneout(lstm, { h: 0.1, c: 0.05 })`. States that depend on each other within the step see
 * the new value, as in the paper (an LSTM's h is made from the new c). Where the output is a state, it is the state
 * after zoneout.
 */
export function zoneout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  rates: { readonly [K in keyof S]?: number },
): Cell<P, S> {
  checkCell("zoneout", cell);
  const given: Readonly<Record<string, number | undefined>> = rates;
  checkOptions(`zoneout of ${cell.name}`, rates, Object.keys(cell.state));
  const rateOf = (name: string): number => given[name] ?? 0;
  for (const name of Object.keys(rates)) checkRate("zoneout", name, rateOf(name), { below: false });
  return {
    ...cell,
    step(params, state, x, context = evaluation) {
      const old: State = state;
      const next = cell.step(params, state, x, { ...context, keys: keysWithin("zoneout", context.keys) });
      const zoned = mapTree(next.state, (now, name) => {
        const rate = rateOf(name);
        if (rate === 0) return now;
        const before = old[name]!;
        return context.training
          ? select(bernoulli(context.keys.step(`zoneout.${name}`), now.shape, rate), before, now)
          : add(mul(before, rate), mul(now, 1 - rate));
      });
      return { state: zoned, output: next.output };
    },
  };
}
