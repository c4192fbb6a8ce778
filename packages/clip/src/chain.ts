import { and, not, or, select, TensorError, zipTrees, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade } from "@sluice/tensor/internal";
import type { Clipper } from "./clipper.ts";

type Named = { readonly [name: string]: Tree };

/**
 * Clippers one after the other: each gets the gradients that the one before it returned. State and report are those of
 * the members under their names (`globalNorm`, and `globalNorm2` for a second one).
 *
 * The step is skipped where one member says so. Then the members that did not ask for it keep their state too, so that
 * a history of norms never sees the step that was not made.
 */
export function chain(...clippers: readonly Clipper[]): Clipper<Named, Named> {
  const members = named(clippers);
  return {
    name: "chain",
    init: (params) => Object.fromEntries(members.map(({ name, clipper }) => [name, clipper.init(params)])),
    update<P extends Tree>(gradients: P, state: Named, params: P) {
      let current = gradients;
      let skip: Tensor | undefined;
      const results = members.map(({ name, clipper }) => {
        const before = state[name];
        if (before === undefined) throw new TensorError(`chain: the state has no part ${name}; make it with init`);
        const result = clipper.update(current, before, params);
        current = result.gradients;
        if (result.skip !== undefined) skip = skip === undefined ? result.skip : or(skip, result.skip);
        return { name, before, result };
      });
      const all = skip;
      const next = results.map(({ name, before, result }): [string, Tree] => {
        if (all === undefined) return [name, result.state];
        const keep = result.skip === undefined ? all : and(all, not(result.skip));
        return [name, zipTrees(before, result.state, (old, fresh) => select(keep, old, fresh))];
      });
      return {
        gradients: current,
        state: Object.fromEntries(next),
        report: Object.fromEntries(results.map(({ name, result }) => [name, result.report])),
        ...(all === undefined ? {} : { skip: all }),
      };
    },
  };
}

function named(clippers: readonly Clipper[]): { readonly name: string; readonly clipper: Clipper }[] {
  clippers.forEach((member, index) =>
    checkMade("chain", `member ${index + 1}`, member, { init: "function", update: "function" }, "globalNorm(1)"),
  );
  const seen = new Map<string, number>();
  return clippers.map((clipper) => {
    const count = (seen.get(clipper.name) ?? 0) + 1;
    seen.set(clipper.name, count);
    return { name: count === 1 ? clipper.name : `${clipper.name}${count}`, clipper };
  });
}
