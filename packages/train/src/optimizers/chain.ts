import { TensorError, type Tree } from "@sluice/tensor";
import { checkMade } from "@sluice/tensor/internal";
import type { Optimizer } from "./optimizer.ts";

type Named = { readonly [name: string]: Tree };

/**
 * Optimizers one after the other; the state is that of the members under their names (`momentum`, and `momentum2` for a
 * second one).
 */
export function chain(...optimizers: readonly Optimizer[]): Optimizer<Named> {
  optimizers.forEach((member, index) =>
    checkMade(
      "chain",
      `member ${index + 1}`,
      member,
      { init: "function", update: "function" },
      "adam({ learningRate: 1e-3 })",
    ),
  );
  const seen = new Map<string, number>();
  const members = optimizers.map((optimizer) => {
    const count = (seen.get(optimizer.name) ?? 0) + 1;
    seen.set(optimizer.name, count);
    return { name: count === 1 ? optimizer.name : `${optimizer.name}${count}`, optimizer };
  });
  return {
    name: "chain",
    init: (params) => Object.fromEntries(members.map(({ name, optimizer }) => [name, optimizer.init(params)])),
    update<P extends Tree>(gradients: P, state: Named, params: P) {
      let updates = gradients;
      const next = members.map(({ name, optimizer }): [string, Tree] => {
        const before = state[name];
        if (before === undefined) throw new TensorError(`chain: the state has no part ${name}; make it with init`);
        const result = optimizer.update(updates, before, params);
        updates = result.updates;
        return [name, result.state];
      });
      return { updates, state: Object.fromEntries(next) };
    },
  };
}
