import { bias, constant, kernel } from "@sluice/params";
import { add, mul, sigmoid, sub, TensorError, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { outputOf, type Cell } from "../cell/cell.ts";
import { traced } from "../cell/context.ts";
import { checkCell } from "../cell/check-cell.ts";
import { probe } from "../cell/probe.ts";
import type { State } from "../cell/states.ts";
import { withParameters } from "./added-parameters.ts";
import { inputFeatures } from "./input-features.ts";
import { projected } from "./residual.ts";

/** Options of {@link highway}. */
export interface HighwayOptions {
  /** The initial bias of the gate. Default -1: at first, most of the input is passed on. */
  readonly bias?: number;
}

/**
 * A gate between the cell's output and its input (highway network: Srivastava, Greff and Schmidhuber 2015,
 * arXiv:1505.00387, with the cell as the transformation):
 *
 *     T_t = sigmoid(x_t W + b)
 *     y_t = T_t o_t + (1 - T_t) x_t          o_t `[batch, features]`, the cell's output
 *     y_t = T_t o_t + (1 - T_t) x_t P        where the input has another number of features
 *
 * The highway LSTM of Zhang et al. 2015 (arXiv:1510.08983) instead gates the memory of the layer below. Parameters:
 * `highway.W` `[input, features]`, `highway.b` `[features]`, and P `[input, features]` if needed. Trace: highway, the
 * gate. The output is no longer a state, so a modifier of states, such as zoneout, must be inside to change it. Throws
 * a TensorError if the cell does not read a vector of floats.
 */
export function highway<S extends State>(cell: Cell<Tree, S>, options: HighwayOptions = {}): Cell<Tree, S> {
  checkCell("highway", cell);
  checkOptions("highway", options, ["bias"], { initialBias: "bias", carryBias: "bias" });
  const { bias: initial = -1 } = options;
  if (!Number.isFinite(initial))
    throw new TensorError(`highway: the bias must be a finite number, got ${String(initial)}`);
  const input = inputFeatures("highway", cell);
  const { features } = probe(cell);
  const specs = {
    W: kernel([input, features]),
    b: bias([features], { initializer: constant(initial) }),
    ...(input === features ? {} : { P: kernel([input, features]) }),
  };
  return withParameters(cell, { name: "highway", specs }, (added, params, state, x, context) => {
    const next = cell.step(params, state, x, context);
    const T = traced(context, "highway", sigmoid(add(projected("highway", x, added("W"), context), added("b"))));
    const carried = input === features ? x : projected("highway.P", x, added("P"), context);
    return { ...next, output: add(mul(T, outputOf(next)), mul(sub(1, T), carried)) };
  });
}
