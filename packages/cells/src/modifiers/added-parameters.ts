/** Parameters that a modifier adds to a cell's own. */
import { checkParameters, initialTree, weightSpecs, type Specs } from "@sluice/params";
import { isTensor, keyFor, leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell, Stepped } from "../cell/cell.ts";
import { childOf, evaluation, type CellContext } from "../cell/context.ts";
import { namedParameters } from "../cell/named-parameters.ts";
import type { State } from "../cell/states.ts";

/** The added parameters in a step: the tensor at a path below their name. */
export type Added = (path: string) => Tensor;

/**
 * A cell with parameters `specs` under `name`, beside its own. The step gets them and the cell's own parameters. Throws
 * a TensorError if the cell has a parameter of that name.
 */
export function withParameters<S extends State>(
  cell: Cell<Tree, S>,
  { name, specs }: { readonly name: string; readonly specs: Specs },
  step: (added: Added, params: Tree, state: S, x: Tensor, context: CellContext) => Stepped<S>,
): Cell<Tree, S> {
  const whole = { ...namedParameters(name, cell, name), [name]: specs };
  return {
    ...cell,
    params: whole,
    init: (key, options) => ({
      ...recordOf(cell.init(key, options)),
      [name]: initialTree(specs, keyFor(key, name), options),
    }),
    step(params, state, x, context = evaluation) {
      checkParameters(`${name} of ${cell.name}`, weightSpecs(whole), params, x);
      const { [name]: _, ...own } = recordOf(params);
      const added = new Map(leavesOf(childOf(params, name)).map(({ path, tensor }) => [path, tensor]));
      const at = (path: string): Tensor => {
        const found = added.get(path);
        if (found !== undefined) return found;
        throw new TensorError(`${name} of ${cell.name}: there is no parameter ${name}.${path}`);
      };
      return step(at, own, state, x, context);
    },
  };
}

function recordOf(params: Tree): { readonly [name: string]: Tree } {
  return isTensor(params) ? {} : Object.fromEntries(Object.entries<Tree>(params));
}
