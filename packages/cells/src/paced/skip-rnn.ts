import { checkParameters, glorotUniform, initialize, ones, parameter, weightSpecs } from "@sluice/params";
import {
  add,
  convert,
  greater,
  keyFor,
  leavesOf,
  mapTree,
  matmul,
  min,
  mul,
  reshape,
  select,
  sigmoid,
  straightThrough,
  sub,
  TensorError,
  type Shape,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, isFloat, suggestion } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { evaluation, traced } from "../cell/context.ts";
import { namedParameters } from "../cell/named-parameters.ts";
import { probe } from "../cell/probe.ts";
import { statesOf, type State } from "../cell/states.ts";

/** Options of {@link skipRnn}. */
export interface SkipRnnOptions {
  /** The state that the update probability is made of. Default: the output. The paper takes c of an LSTM. */
  readonly reads?: string;
}

/** Parameters that {@link skipRnn} adds to a cell's. */
export type SkipParameters = {
  /** Makes the increment of the update probability: W `[units of the state, 1]`, b `[1]`. */
  readonly skip: { readonly W: Tensor; readonly b: Tensor };
};

/** States that {@link skipRnn} adds to a cell's. */
export type SkipState = {
  /** The update probability p `[1]`, 1 before the first step. */
  readonly skip: { readonly p: Tensor };
};

/**
 * Wraps a cell so that it learns to skip steps, as in Skip RNN (Campos et al. 2017, arXiv:1708.06834, equations 2 to
 * 5):
 *
 *     u_t = round(p_t)                                     1: take the step; its gradient is that of p_t
 *     s_t = u_t S(s_{t-1}, x_t) + (1 - u_t) s_{t-1}        S: the cell's step, for each of its states
 *     d_t = sigmoid(s_t W + b)
 *     p_{t+1} = u_t d_t + (1 - u_t) (p_t + min(d_t, 1 - p_t))
 *
 * p is the paper's u with a tilde, and d its increment. p begins at 1, so the first step is taken. 1/2 is rounded to 0,
 * as in the authors' code, which keeps d and p apart: its values are these, its gradient through u is another. The
 * cell's step is computed even where it is not taken, so skipping saves no time here.
 *
 * Parameters: the cell's and `skip.W`, `skip.b`; b begins at 1, as in the paper. States: the cell's and `skip.p`.
 * Output: that of the cell, which must be a state. Trace: skip.update (u_t) `[1]`. The paper adds a cost for each step
 * taken to the loss: the sum of this trace, times a number.
 *
 * Throws a TensorError if the output of the cell is not a state, if `reads` is not one of its float states `[units]`,
 * or if the cell has a parameter or a state named `skip`.
 */
export function skipRnn<P extends { readonly [name: string]: Tree }, S extends State>(
  cell: Cell<P, S>,
  options: SkipRnnOptions = {},
): Cell<P & SkipParameters, S & SkipState> {
  checkOptions("skipRnn", options, ["reads"]);
  const { path: reads, units } = stateToRead(cell, options.reads);
  const own = namedParameters("skipRnn", cell, "skip");
  const skip = { W: parameter([units, 1], { initializer: glorotUniform }), b: parameter([1], { initializer: ones }) };
  const specs = { ...own, skip };
  const name = `${cell.name}Skip`;
  const { recurrence: _, ...kept } = cell;
  return {
    ...kept,
    name,
    params: specs,
    state: { ...cell.state, skip: { p: { shape: [1], initial: 1 } } },
    init: (key, given) => ({ ...cell.init(key, given), skip: initialize(skip, keyFor(key, "skip"), given) }),
    step(params, state, x, context = evaluation) {
      checkParameters(name, weightSpecs(specs), params, x);
      const { W, b } = params.skip;
      const { p } = state.skip;
      const before = withoutSkip<S>(state);
      const next = cell.step(withoutSkip<P>(params), before, x, context);
      const u = traced(context, "skip.update", rounded(p));
      const s = chosen(u, next.state, before);
      const d = sigmoid(add(matmul(stateAt(s, reads), W), b));
      const waited = add(p, min(d, sub(1, p)));
      return { ...next, state: { ...s, skip: { p: add(mul(u, d), mul(sub(1, u), waited)) } } };
    },
  };
}

/** 0 up to 1/2 and 1 above, with the gradient of the identity. */
const rounded = straightThrough((p) => convert(greater(p, 0.5), p.dtype));

/** `now` in the rows where u `[batch, 1]` is 1, `before` where it is 0. */
function chosen<S extends State>(u: Tensor, now: S, before: S): S {
  const old = new Map(leavesOf(before).map(({ path, tensor }) => [path, tensor]));
  return mapTree(now, (value, path) => {
    const kept = old.get(path);
    if (kept === undefined) return value;
    const taken = reshape(u, [...u.shape.slice(0, 1), ...value.shape.slice(1).map(() => 1)]);
    return isFloat(value.dtype)
      ? add(mul(taken, value), mul(sub(1, taken), kept))
      : select(greater(taken, 0), value, kept);
  });
}

function stateAt(state: State, path: string): Tensor {
  const found = leavesOf(state).find((leaf) => leaf.path === path)?.tensor;
  if (found === undefined) throw new TensorError(`skipRnn: the step returned no state ${path}`);
  return found;
}

/** The path and the width of the state that the probability is made of. */
function stateToRead(cell: Cell, reads: string | undefined): { readonly path: string; readonly units: number } {
  const { name } = cell;
  if (Object.hasOwn(cell.state, "skip"))
    throw new TensorError(`skipRnn: ${name} already has a state named skip; rename it`);
  const { outputState } = probe(cell);
  if (outputState === undefined)
    throw new TensorError(
      `skipRnn: the output of ${name} is not a state, so there is none to put out where a step is skipped; return the name of a state as the output`,
    );
  const path = reads ?? outputState;
  const states = statesOf(cell.state).filter(({ shape, dtype }) => shape.length === 1 && dtype === "f32");
  const [units] = states.find((state) => state.path === path)?.shape ?? noShape;
  if (units !== undefined) return { path, units };
  const paths = states.map((state) => state.path);
  throw new TensorError(
    `skipRnn: reads must be a float state [units] of ${name}, got ${path}; ${suggestion(path, paths)}`,
  );
}

const noShape: Shape = [];

/** The cell's own parameters or states. */
function withoutSkip<T extends Tree>(tree: T & { readonly skip: Tree }): T;
function withoutSkip({ skip: _, ...own }: { readonly [name: string]: Tree }): Tree {
  return own;
}
