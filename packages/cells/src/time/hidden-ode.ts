import {
  concat,
  leavesOf,
  mapTree,
  reshape,
  sliceAxis,
  TensorError,
  type Leaf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, isFloat, sizeOf } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { traced } from "../cell/context.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { statesOf, type State } from "../cell/states.ts";
import { gru } from "../gated/gru.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { betweenSteps } from "./between-steps.ts";
import { hiddenWidths, perceptron, perceptronSpecs, type PerceptronLayer } from "./perceptron.ts";
import { checkSolver, solveOde, type OdeSolver } from "./solvers.ts";

/** Options of {@link hiddenOde}. */
export interface HiddenOdeOptions extends Partial<OdeSolver> {
  /** The hidden layers of the field. Default 1. */
  readonly layers?: number;
  /** Their width. Default: that of the cell. */
  readonly units?: number;
  /** Between the layers of the field. Default tanh. */
  readonly activation?: Activation;
}

/**
 * Wraps a cell so that its states evolve between its steps by an ordinary differential equation (ODE-RNN: Rubanova et
 * al. 2019, arXiv:1907.03907, algorithm 1). y are all states that are floats, put side by side:
 *
 *     y' = ODESolve(f, y_{t-1}, dt)           dy/dt = f(y), f a multilayer perceptron
 *     s_t, o_t = step(y', x_t)
 *
 * Besides what the cell reads, it reads `extra.elapsed` `[batch, time, 1]`, the time dt since the previous step. Its
 * parameters are the cell's and the layers of f, `ode.0.W` `[width of y, units]`, `ode.0.b`, and so on. The traces
 * `ode.<state>` are the states before the step. Dropout does not act within f.
 *
 * Options: `layers` (default 1), `units` (default: the width of the cell) and `activation` (default tanh) of f;
 * `method` "euler" (default, as in the authors' code), "midpoint" or "rk4", and `steps`, how many it takes whatever the
 * time that passes (default 4). Throws a TensorError if the cell has a parameter named `ode`, or no state that is a
 * float.
 */
export function hiddenOde<P extends { readonly [name: string]: Tree }, S extends State>(
  cell: Cell<P, S>,
  options: HiddenOdeOptions = {},
): Cell<P & { readonly ode: readonly PerceptronLayer[] }, S> {
  checkOptions("hiddenOde", options, ["layers", "units", "activation", "method", "steps"], { solver: "method" });
  const { layers = 1, units = cell.sizes.hidden, activation = "tanh", method = "euler", steps = 4 } = options;
  const solver = checkSolver("hiddenOde", { method, steps });
  const f1 = activationOf(activation);
  const width = statesOf(cell.state).reduce((sum, { shape, dtype }) => sum + (dtype === "f32" ? sizeOf(shape) : 0), 0);
  if (width === 0) throw new TensorError(`hiddenOde: ${cell.name} has no state that is a float`);
  return betweenSteps<P, S, { readonly ode: readonly PerceptronLayer[] }>(cell, {
    operation: "hiddenOde",
    name: `${cell.name}Ode`,
    parameter: "ode",
    specs: perceptronSpecs([width, ...hiddenWidths("hiddenOde", layers, units), width]),
    evolve(ode, state, elapsed, context) {
      const field = layersOf(ode);
      const leaves = leavesOf(state).filter(({ tensor }) => isFloat(tensor.dtype));
      const y = solveOde((at) => perceptron(field, at, f1), sideBySide(leaves), elapsed, solver);
      const evolved = new Map([...apart(leaves, y)].map(([path, s]) => [path, traced(context, `ode.${path}`, s)]));
      return mapTree(state, (s, path) => evolved.get(path) ?? s);
    },
  });
}

/**
 * ODE-RNN: {@link hiddenOde} of {@link gru}, the cell of the paper's experiments.
 *
 *     h' = ODESolve(f, h_{t-1}, delta_t)          dh/dt = f(h), f a multilayer perceptron
 *     h_t = GRU(h', x_t)
 */
export const odeRnn = ({ ode, ...options }: CellOptions & { readonly ode?: HiddenOdeOptions }) =>
  hiddenOde(gru(options), ode);

/** `[batch, width]` of states `[batch, ...]`. */
const sideBySide = (leaves: readonly Leaf[]): Tensor =>
  concat(
    leaves.map(({ tensor }) => reshape(tensor, [tensor.shape[0] ?? 0, sizeOf(tensor.shape.slice(1))])),
    1,
  );

/** What {@link sideBySide} has put together, by path. */
function apart(leaves: readonly Leaf[], y: Tensor): ReadonlyMap<string, Tensor> {
  let from = 0;
  return new Map(
    leaves.map(({ path, tensor }) => {
      const begin = from;
      from += sizeOf(tensor.shape.slice(1));
      return [path, reshape(sliceAxis(y, 1, begin, from), tensor.shape)];
    }),
  );
}

/** The layers of the field, as they stand in the parameters. */
function layersOf(ode: Tree): readonly PerceptronLayer[] {
  const weights = new Map(leavesOf(ode).map(({ path, tensor }) => [path, tensor]));
  const layers: PerceptronLayer[] = [];
  for (let i = 0; ; i++) {
    const [W, b] = [weights.get(`${i}.W`), weights.get(`${i}.b`)];
    if (W === undefined || b === undefined) return layers;
    layers.push({ W, b });
  }
}
