import { checkParameters, initialTree, weightSpecs, type Specs } from "@sluice/params";
import { isTensor, keyFor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { childOf, evaluation, type CellContext } from "../cell/context.ts";
import { namedParameters } from "../cell/named-parameters.ts";
import type { State } from "../cell/states.ts";
import { elapsedTime } from "./elapsed.ts";

/** What happens to the states of a cell between its steps. */
export interface BetweenSteps {
  /** What puts it around a cell, for errors. */
  readonly operation: string;
  /** The name of the new cell. */
  readonly name: string;
  /** The name of its parameters, beside those of the cell. */
  readonly parameter: string;
  readonly specs: Specs;
  /** The states after the elapsed time `[batch, 1]`. */
  evolve(weights: Tree, state: State, elapsed: Tensor, context: CellContext): State;
}

/**
 * `cell`, but its states evolve before each step, by the elapsed time that it reads as `extra.elapsed`. `A` are the
 * parameters that this adds.
 */
export function betweenSteps<P extends Tree, S extends State, A extends Tree>(
  cell: Cell<P, S>,
  between: BetweenSteps,
): Cell<P & A, S>;
export function betweenSteps(cell: Cell, { operation, name, parameter, specs: added, evolve }: BetweenSteps): Cell {
  const own = namedParameters(operation, cell, parameter);
  const specs = { ...own, [parameter]: added };
  return {
    ...cell,
    name,
    params: specs,
    extra: { ...cell.extra, ...elapsedTime },
    init: (key, options) => ({
      ...cell.init(key, options),
      [parameter]: initialTree(added, keyFor(key, parameter), options),
    }),
    step(params, state, x, context = evaluation) {
      checkParameters(name, weightSpecs(specs), params, x);
      const { elapsed } = context.extra;
      if (elapsed === undefined)
        throw new TensorError(
          `${name}: the time between steps is missing; pass { extra: { elapsed } }, [batch, time, 1]`,
        );
      const evolved = evolve(childOf(params, parameter), state, elapsed, context);
      return cell.step(without(parameter, params), evolved, x, context);
    },
  };
}

/** The cell's own parameters. */
const without = (parameter: string, params: Tree): Tree =>
  isTensor(params) ? params : Object.fromEntries(Object.entries<Tree>(params).filter(([name]) => name !== parameter));
