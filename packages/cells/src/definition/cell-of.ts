import { checkBuffers, initialTree, specsOf, weightLeaves, type InitOptions, type Specs } from "@sluice/params";
import { keyFor, leavesOf, mapTree, type ArrayTensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { floatOf } from "../cell/states.ts";
import { updateOf } from "./cell-buffers.ts";
import { partsIn } from "./context-of.ts";
import type { Made } from "./made.ts";
import { chosenInitializer } from "./role-options.ts";
import { checkStep, runStep } from "./step.ts";

/** The cell that all its parts make. */
export function cellOf(made: Made): Cell {
  const { definition, name, sizes, options, given, cells, params, state: states, buffers, input, extra } = made;
  const step: Cell["step"] = (weights, state, x, context = evaluation) => {
    checkStep(made, weights, state, x);
    checkBuffers(name, buffers, context.buffers, floatOf(x, weights));
    return runStep(made, weights, state, x, context, partsIn(weights, context));
  };
  const own = definition.update;
  const update = updateOf({
    cells,
    normalizer: given.norm,
    own: own && ((before, observed) => own(before, observed, options)),
  });
  const recurrence = definition.recurrence?.(made);
  return {
    name,
    sizes,
    params,
    state: states,
    ...(definition.input === undefined ? {} : { input }),
    extra,
    origin: { definition, options: { ...options }, step, params },
    ...(recurrence === undefined ? {} : { recurrence: { ...recurrence, step } }),
    ...(Object.keys(buffers).length === 0 ? {} : { buffers }),
    init: (key, initOptions) => initialParams(made, key, initOptions),
    step,
    ...(update === undefined ? {} : { update }),
  };
}

/** Inner cells keep their own initializers unless the user chose one. */
function initialParams({ cells, params, given }: Made, key: ArrayTensor, options?: InitOptions): Tree {
  const drawn = (specs: Specs): Tree => initialTree(specs, key, options);
  const own = Object.fromEntries(Object.entries(params).filter(([name]) => !Object.hasOwn(cells, name)));
  const inner = Object.entries(params).flatMap(([name, specs]) => {
    const cell = Object.hasOwn(cells, name) ? cells[name] : undefined;
    if (cell === undefined) return [];
    const chosen = new Map(
      leavesOf(initialTree(specs, keyFor(key, name), options)).map(({ path, tensor }) => [path, tensor]),
    );
    const replaced = new Set(
      weightLeaves(specs)
        .filter(({ spec }) => chosenInitializer(spec, given) !== undefined)
        .flatMap(({ spec, path }) => specsOf(spec, path).map((leaf) => leaf.path)),
    );
    const begun = cell.init(keyFor(key, name), options);
    return [[name, mapTree(begun, (value, path) => (replaced.has(path) ? (chosen.get(path) ?? value) : value))]];
  });
  return { ...drawn(own), ...Object.fromEntries(inner) };
}
