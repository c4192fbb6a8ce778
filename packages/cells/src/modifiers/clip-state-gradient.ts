import { clipGradient, mapTree, scalar, type Tree } from "@sluice/tensor";
import { at, checkOptions, isFloat } from "@sluice/tensor/internal";
import { withTrainingStep, type Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import type { State } from "../cell/states.ts";

/** Options of {@link clipStateGradient}. */
export interface ClipStateGradientOptions {
  /** The largest absolute value, or norm, that is not clipped. */
  readonly max: number;
  /**
   * Whether each element is clipped to [-max, max] (`value`, the default), or each example's vector to a Euclidean norm
   * of at most `max` (`norm`).
   */
  readonly by?: "value" | "norm";
}

/**
 * Clips the gradient inside back-propagation through time: dL/ds_t of every float state s, at every step, before it
 * goes back through that step. Graves 2013 (arXiv:1308.0850) trains LSTMs this way. If the output is a state, its
 * gradient from the output and from later steps is summed and then clipped.
 *
 * Values do not change, and the cell is exported as before. To clip the gradients of the weights instead, chain a
 * clipper with the optimizer.
 */
export function clipStateGradient<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: ClipStateGradientOptions,
): Cell<P, S> {
  checkCell("clipStateGradient", cell);
  checkOptions(`clipStateGradient of ${cell.name}`, options, ["max", "by"]);
  at(`clipStateGradient of ${cell.name}`, () => clipGradient(scalar(0), options));
  return withTrainingStep(cell, (params, state, x, context = evaluation) => {
    const next = cell.step(params, state, x, context);
    return { ...next, state: mapTree(next.state, (s) => (isFloat(s.dtype) ? clipGradient(s, options) : s)) };
  });
}
