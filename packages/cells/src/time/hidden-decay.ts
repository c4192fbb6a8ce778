import {
  checkParameters,
  initialTree,
  parameter,
  type InitOptions,
  type ParameterSpec,
  type Specs,
  weightSpecs,
} from "@sluice/params";
import { keyFor, leavesOf, mapTree, mul, TensorError, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { evaluation } from "../cell/context.ts";
import { namedParameters } from "../cell/named-parameters.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { rnn } from "../gated/rnn.ts";
import { mapStates, type State, type States } from "../cell/states.ts";
import { decayRate, decayWeights } from "./decay.ts";
import { elapsedTime } from "./elapsed.ts";

/** Parameters of the decay of one state. W and b have the state's shape. */
export type Decay = { readonly W: Tensor; readonly b: Tensor };

/** A decay for each state that is a float, nested as the states. */
type DecayOf<S> = { readonly [K in keyof S]: S[K] extends Tensor ? Decay : DecayOf<S[K]> };

/**
 * Wraps a cell so that its states decay with the time between steps, as in the RNN-Decay baseline (Rubanova et al.
 * 2019, arXiv:1907.03907: `h exp(-tau delta)`; here tau is a linear function of delta, cut off at 0, as in GRU-D):
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
  const { extra, name } = cell;
  const own = namedParameters("hiddenDecay", cell, "decay");
  const decay = decaySpecs(cell.state);
  const specs = { ...own, decay };
  return {
    ...cell,
    name: `${name}Decay`,
    params: specs,
    extra: { ...extra, ...elapsedTime },
    init: (key, options) => ({
      ...cell.init(key, options),
      decay: initialDecay<S>(decay, keyFor(key, "decay"), options),
    }),
    step(params, state, x, context = evaluation) {
      checkParameters(`${name}Decay`, weightSpecs(specs), params, x);
      const { elapsed } = context.extra;
      if (elapsed === undefined)
        throw new TensorError(
          `${name}Decay: the time between steps is missing; pass { extra: { elapsed } }, [batch, time, 1]`,
        );
      const weights = new Map(leavesOf(params.decay).map(({ path, tensor }) => [path, tensor]));
      const decayed = mapTree(state, (s, path) => {
        const [W, b] = [weights.get(`${path}.W`), weights.get(`${path}.b`)];
        if (W === undefined || b === undefined) return s;
        const gamma = decayRate(mul(elapsed, W), b);
        context.trace(`decay.${path}`, gamma);
        return mul(gamma, s);
      });
      return cell.step(withoutDecay<P>(params), decayed, x, context);
    },
  };
}

/** A simple recurrent network with decay: {@link hiddenDecay} of {@link rnn}. */
export const rnnDecay = (options: CellOptions) => hiddenDecay(rnn(options));

/** Integers and bools do not decay. */
const decaySpecs = (states: States): Specs =>
  mapStates(states, ({ shape, dtype }): { readonly [name: string]: ParameterSpec } =>
    dtype === "f32" ? { W: decayWeights(shape), b: parameter(shape) } : {},
  );

function initialDecay<S extends State>(specs: Specs, key: ArrayTensor, options?: InitOptions): DecayOf<S>;
function initialDecay(specs: Specs, key: ArrayTensor, options?: InitOptions): Tree {
  return initialTree(specs, key, options);
}

/** The cell's parameters, without those of the decay. */
function withoutDecay<P extends Tree>(params: P & { readonly decay: Tree }): P;
function withoutDecay({ decay: _, ...own }: { readonly [name: string]: Tree }): Tree {
  return own;
}
