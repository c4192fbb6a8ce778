import { checkMade, TensorError, type Tree } from "@sluice/tensor";
import type { Optimiser } from "./optimiser.ts";

type Named = { readonly [name: string]: Tree };

/**
 * Optimisers one after the other; the state is that of the members under their names (`momentum`, and `momentum2` for a
 * second one).
 */
export function chain(...optimisers: readonly Optimiser[]): Optimiser<Named> {
  optimisers.forEach((member, index) =>
    checkMade(
      "chain",
      `member ${index + 1}`,
      member,
      { init: "function", update: "function" },
      "adam({ learningRate: 1e-3 })",
    ),
  );
  const seen = new Map<string, number>();
  const members = optimisers.map((optimiser) => {
    const count = (seen.get(optimiser.name) ?? 0) + 1;
    seen.set(optimiser.name, count);
    return { name: count === 1 ? optimiser.name : `${optimiser.name}${count}`, optimiser };
  });
  return {
    name: "chain",
    init: (params) => Object.fromEntries(members.map(({ name, optimiser }) => [name, optimiser.init(params)])),
    update<P extends Tree>(gradients: P, state: Named, params: P) {
      let updates = gradients;
      const next = members.map(({ name, optimiser }): [string, Tree] => {
        const before = state[name];
        if (before === undefined) throw new TensorError(`chain: the state has no part ${name}; make it with init`);
        const result = optimiser.update(updates, before, params);
        updates = result.updates;
        return [name, result.state];
      });
      return { updates, state: Object.fromEntries(next) };
    },
  };
}
