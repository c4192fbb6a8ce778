import { parameter, type ParameterSpec, type Specs } from "@sluice/params";
import { leavesOf, mapTree, mul, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { traced } from "../cell/context.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { rnn } from "../gated/rnn.ts";
import { mapStates, type State, type States } from "../cell/states.ts";
import { betweenSteps } from "./between-steps.ts";
import { decayRate, decayWeights } from "../cell/decay.ts";

/** Parameters of the decay of one state. W and b have the state's shape. */
export type Decay = { readonly W: Tensor; readonly b: Tensor };

/** A decay for each state that is a float, nested as the states. */
type DecayOf<S> = { readonly [K in keyof S]: S[K] extends Tensor ? Decay : DecayOf<S[K]> };

/**
 * Wraps a cell so that its states decay with the time between steps, as in the RNN-Decay baseline (Rubanova et al.
 * 2019, arXiv:1907.03907: `h exp(-tau delta)`; here tau is a linear function of delta, cut off at 0, as in GRU-D). In
 * the authors' code (YuliaRubanova/latent_ode) the cell is a GRU, and one factor for all units is made of the times
 * since each variable was observed:
 *
 *     s' = exp(-max(0, W delta_t + b)) s_{t-1}        for every state and unit
 *     s_t, y_t = step(s', x_t)
 *
 * Besides what the cell reads, it reads `extra.elapsed` `[batch, time, 1]`, the time since the previous step. Its
 * parameters are the cell's and, for each state, `decay.<state>.W` and `decay.<state>.b`. The traces `decay.<state>`
 * are the factors. Throws a TensorError if the cell has a parameter named `decay`.
 */
export function hiddenDecay<P extends { readonly [name: string]: Tree }, S extends State>(
  cell: Cell<P, S>,
): Cell<P & { readonly decay: DecayOf<S> }, S> {
  return betweenSteps<P, S, { readonly decay: DecayOf<S> }>(cell, {
    operation: "hiddenDecay",
    name: `${cell.name}Decay`,
    parameter: "decay",
    specs: decaySpecs(cell.state),
    evolve(decay, state, elapsed, context) {
      const weights = new Map(leavesOf(decay).map(({ path, tensor }) => [path, tensor]));
      return mapTree(state, (s, path) => {
        const [W, b] = [weights.get(`${path}.W`), weights.get(`${path}.b`)];
        if (W === undefined || b === undefined) return s;
        const gamma = traced(context, `decay.${path}`, decayRate(mul(elapsed, W), b));
        return mul(gamma, s);
      });
    },
  });
}

/**
 * A simple recurrent network with decay: {@link hiddenDecay} of {@link rnn}.
 *
 *     h' = exp(-max(0, W_d delta_t + b_d)) h_{t-1}
 *     h_t = tanh(x_t W + h' U + b)
 */
export const rnnDecay = (options: CellOptions) => hiddenDecay(rnn(options));

/** Integers and bools do not decay. */
const decaySpecs = (states: States): Specs =>
  mapStates(states, ({ shape, dtype }): { readonly [name: string]: ParameterSpec } =>
    dtype === "f32" ? { W: decayWeights(shape), b: parameter(shape) } : {},
  );
