import { and, keyFor, not, or, select, TensorError, zipTrees, type Tensor, type Tree } from "@sluice/tensor";
import { checkMade } from "@sluice/tensor/internal";
import type { GradientTransform, Transformed, UpdateContext } from "./gradient-transform.ts";

type Named = { readonly [name: string]: Tree };
interface Member {
  readonly name: string;
  readonly transform: GradientTransform;
}

/**
 * Applies gradient transforms one after the other. Each gets the gradients that the one before it returned. Chains can
 * be nested.
 *
 * State and report have the members' names as keys (`globalNorm`, and `globalNorm2` for a second one). Each member has
 * its own random stream, named like its state. Adding a member at the end therefore changes no random numbers of the
 * others.
 *
 * If one member asks to skip the step, the step is skipped. The members that did not ask keep their old state, so that
 * a history of norms, for example, does not include the skipped step.
 */
export function chain(...transforms: readonly GradientTransform[]): GradientTransform<Named, Named> {
  const members = named(transforms);
  return {
    name: "chain",
    init: (params) => Object.fromEntries(members.map(({ name, transform }) => [name, transform.init(params)])),
    update<P extends Tree>(gradients: P, state: Named, params: P, context: UpdateContext) {
      let current = gradients;
      const results = members.map(({ name, transform }) => {
        const before = state[name];
        if (before === undefined) throw new TensorError(`chain: the state has no part ${name}; make it with init`);
        const result = transform.update(current, before, params, { ...context, key: keyFor(context.key, name) });
        current = result.gradients;
        return { name, before, result };
      });
      const skip = results
        .map(({ result }) => result.skip)
        .reduce((all, one) => (all === undefined || one === undefined ? (all ?? one) : or(all, one)), undefined);
      return {
        gradients: current,
        state: Object.fromEntries(results.map(({ name, before, result }) => [name, stateAfter(before, result, skip)])),
        report: Object.fromEntries(
          results.flatMap(({ name, result: { report } }) => (report === undefined ? [] : [[name, report]])),
        ),
        ...(skip === undefined ? {} : { skip }),
      };
    },
  };
}

/** A member's next state: the old one if the step is skipped and this member did not ask for it. */
function stateAfter(before: Tree, { state, skip: own }: Transformed<Tree>, skip: Tensor | undefined): Tree {
  if (skip === undefined || skip === own) return state;
  const stays = own === undefined ? skip : and(skip, not(own));
  return zipTrees(before, state, (old, fresh) => select(stays, old, fresh));
}

function named(transforms: readonly GradientTransform[]): readonly Member[] {
  const taken = new Set<string>();
  return transforms.map((transform, index) => {
    checkMade("chain", `member ${index + 1}`, transform, { init: "function", update: "function" }, "globalNorm(1)");
    const { name } = transform;
    if (typeof name !== "string" || name === "" || name.includes("."))
      throw new TensorError(
        `chain: member ${index + 1} has the name ${JSON.stringify(name)}, expected one without dots`,
      );
    let own = name;
    for (let count = 2; taken.has(own); count++) own = `${name}${count}`;
    taken.add(own);
    return { name: own, transform };
  });
}
