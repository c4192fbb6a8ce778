import { evaluation, rnn, type Cell, type CellOptions, type State } from "@sluice/cells";
import {
  checkParameters,
  initialize,
  parameter,
  type InitOptions,
  type ParameterSpec,
  type Specs,
} from "@sluice/params";
import {
  keyFor,
  mapTree,
  mul,
  TensorError,
  type ArrayTensor,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { decayRate, decayWeights } from "./decay.ts";

/** Parameters of the decay of one state, each of the state's shape. */
export type Decay = { readonly W: Tensor; readonly b: Tensor };

type DecayOf<S> = { readonly [K in keyof S]: Decay };

/**
 * Any cell whose states decay with the time between steps, as the RNN-Decay baselines do (Rubanova et al. 2019,
 * arXiv:1907.03907: `h exp(-tau delta)`, with tau from a linear function of delta cut off at 0, as in GRU-D):
 *
 *     s' = exp(-max(0, W delta_t + b)) s_{t-1}        for every state and unit
 *     s_t, y_t = step(s', x_t)
 *
 * It reads `extra.elapsed` `[batch, time, 1]`, the time since the step before. Its parameters are the cell's and
 * `decay.<state>.W` and `.b`. A trace `decay.<state>` has the factors.
 */
export function hiddenDecay<P extends { readonly [name: string]: Tree }, S extends State>(
  cell: Cell<P, S>,
): Cell<P & { readonly decay: DecayOf<S> }, S> {
  const { extra, name } = cell;
  const own = recordOf(name, cell.params);
  if (Object.hasOwn(own, "decay")) throw new TensorError(`hiddenDecay: ${name} has a parameter decay already`);
  const decay = decaySpecs(cell.state);
  const specs = { ...own, decay };
  return {
    ...cell,
    name: `${name}Decay`,
    params: specs,
    extra: { ...extra, elapsed: [1] },
    init: (key, options) => ({
      ...cell.init(key, options),
      decay: initialDecay<S>(decay, keyFor(key, "decay"), options),
    }),
    step(params, state, x, context = evaluation) {
      checkParameters(`${name}Decay`, specs, params, x);
      const { elapsed } = context.extra;
      if (elapsed === undefined)
        throw new TensorError(
          `${name}Decay: the time between steps is missing; pass { extra: { elapsed } }, [batch, time, 1]`,
        );
      const weights: Readonly<Record<string, Decay>> = params.decay;
      const decayed = mapTree(state, (s, path) => {
        const { W, b } = weights[path]!;
        const gamma = decayRate(mul(elapsed, W), b);
        context.trace(`decay.${path}`, gamma);
        return mul(gamma, s);
      });
      return cell.step(withoutDecay<P>(params), decayed, x, context);
    },
  };
}

/** The simple recurrent network with decay: {@link hiddenDecay} of {@link rnn}. */
export const rnnDecay = (options: CellOptions) => hiddenDecay(rnn(options));

type DecaySpecs = Readonly<Record<string, { readonly W: ParameterSpec; readonly b: ParameterSpec }>>;

function decaySpecs(states: Readonly<Record<string, Shape>>): DecaySpecs {
  return Object.fromEntries(
    Object.entries(states).map(([state, shape]) => [state, { W: decayWeights(shape), b: parameter(shape) }]),
  );
}

function initialDecay<S extends State>(specs: DecaySpecs, key: ArrayTensor, options?: InitOptions): DecayOf<S>;
function initialDecay(specs: DecaySpecs, key: ArrayTensor, options?: InitOptions): Readonly<Record<string, Decay>> {
  return initialize(specs, key, options);
}

/** The parameters of the cell alone. */
function withoutDecay<P extends Tree>(params: P & { readonly decay: Tree }): P;
function withoutDecay({ decay: _, ...own }: { readonly [name: string]: Tree }): Tree {
  return own;
}

/** The parameters of a cell by name. */
function recordOf(name: string, specs: Specs): { readonly [parameter: string]: Specs } {
  if (isList(specs) || isSpec(specs)) throw new TensorError(`hiddenDecay: the parameters of ${name} have no names`);
  return specs;
}

function isList(specs: Specs): specs is readonly Specs[] {
  return Array.isArray(specs);
}

function isSpec(specs: Exclude<Specs, readonly Specs[]>): specs is ParameterSpec {
  return "kind" in specs && specs.kind === "parameter";
}
