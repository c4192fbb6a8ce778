import { kernel } from "@sluice/params";
import { add, matmul, type Tensor, type Tree } from "@sluice/tensor";
import { outputOf, type Cell } from "../cell/cell.ts";
import { evaluation, type CellContext } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { withParameters } from "./added-parameters.ts";
import { inputFeatures } from "./input-features.ts";

/**
 * Adds the input to the output, so that layers of cells learn what to add (He et al. 2015, arXiv:1512.03385; between
 * recurrent layers: Wu et al. 2016, arXiv:1609.08144):
 *
 *     y_t = o_t + x_t          o_t `[batch, features]`, the cell's output
 *     y_t = o_t + x_t P        where the input has another number of features
 *
 * P `[input, features]` is the parameter `residual.P`; there is none if the numbers are the same. The state does not
 * change. The output is no longer a state, so a modifier of states, such as zoneout, must be inside to change it:
 * `residual(zoneout(cell, rates))`. Throws a TensorError if the cell does not read a vector of floats.
 */
export function residual<S extends State>(cell: Cell<Tree, S>): Cell<Tree, S> {
  checkCell("residual", cell);
  const input = inputFeatures("residual", cell);
  const { features } = probe(cell);
  if (input === features)
    return {
      ...cell,
      step(params, state, x, context = evaluation) {
        const next = cell.step(params, state, x, context);
        return { ...next, output: add(outputOf(next), x) };
      },
    };
  const specs = { P: kernel([input, features]) };
  return withParameters(cell, { name: "residual", specs }, (added, params, state, x, context) => {
    const next = cell.step(params, state, x, context);
    return { ...next, output: add(outputOf(next), projected("residual", x, added("P"), context)) };
  });
}

/** `x P`, a product of the input at the place `name`. */
export const projected = (name: string, x: Tensor, P: Tensor, context: CellContext): Tensor =>
  context.product({ kind: "input", name, x, W: P, gates: 1, source: "", multiply: matmul });
