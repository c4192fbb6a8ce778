import { bias, kernel, lecunUniform, parameter, randomUniform } from "@sluice/params";
import {
  add,
  concat,
  mul,
  sigmoid,
  sliceAxis,
  split,
  sub,
  tensor,
  TensorError,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { expF64 } from "@sluice/tensor/internal";
import type { CellSizes } from "../cell/cell.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { defineCell } from "../definition/define-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import type { StepContext } from "../definition/step-context.ts";
import { activationOf, type Activation } from "../options/activations.ts";

const options = { highwayBias: 0, rescale: true, skip: true, peepholes: true, activation: "linear" as Activation };

/** Options of {@link sru}. */
type Options = typeof options;

type Weights = { readonly W: Tensor; readonly v?: Tensor; readonly b: Tensor };
type Context = Pick<StepContext, "sizes" | "norm" | "trace" | "input"> & Options;

const definition = {
  name: "sru",
  options,
  params: ({ input, hidden }: CellSizes, { highwayBias, skip, peepholes }: Options) => ({
    W: kernel([input, (skip && input !== hidden ? 4 : 3) * hidden], { initializer: lecunUniform }),
    ...(peepholes && {
      v: parameter([2 * hidden], { initializer: randomUniform({ low: -Math.sqrt(1.5), high: Math.sqrt(1.5) }) }),
    }),
    b: bias([2 * hidden], { adjust: (b) => raised(b, hidden, highwayBias) }),
  }),
  state: ({ hidden }: CellSizes) => ({ c: [hidden] }),
};

/** The unit whose gates look at the state. */
const withPeepholes = defineCell({
  ...definition,
  step(weights, { c }, x, context) {
    const { f, n, r, p } = gatesOf(weights, x, context, c);
    const next = add(mul(f, c), mul(sub(1, f), n));
    return { state: { c: next }, output: shown(next, r, p, context) };
  },
});

/** The unit whose gates look at the input alone, so that its step is linear in the state. */
const linear = defineAssociativeCell({
  ...definition,
  recurrence: linearRecurrence("c"),
  elements(weights, x, context) {
    const { f, n, r, p } = gatesOf(weights, x, context);
    return { a: f, b: mul(sub(1, f), n), r, p };
  },
  output: (_, { c }, __, { elements: { r, p }, ...context }) => shown(c, r, p, context),
});

/**
 * Simple recurrent unit (Lei et al. 2018, arXiv:1709.02755): products of the input alone, gates that look at the state
 * element by element, and a highway around the cell.
 *
 *     f_t = sigmoid(x_t W_f + v_f c_{t-1} + b_f)
 *     c_t = f_t c_{t-1} + (1 - f_t) (x_t W_n)
 *     r_t = sigmoid(x_t W_r + v_r c_{t-1} + b_r)
 *     h_t = r_t g(c_t) + (1 - r_t) p_t       p_t = alpha x_t, or x_t W_p where the input is not as wide as the state
 *     alpha = sqrt(1 + 2 exp(highwayBias))
 *
 * r_t looks at the state before the step. The gates make the recurrence non-linear in the state, so it has no
 * associative scan, but all its products are of the input. The first version of the paper has no v and applies tanh to
 * c_t: `peepholes: false, activation: "tanh", rescale: false`. Without v the step is linear in c, and an associative
 * scan computes all steps at once.
 *
 * Parameters: W `[input, 3 hidden]` in the order n, f, r, and `[input, 4 hidden]` with p where the widths differ; v `[2
 * hidden]` and b `[2 hidden]`, in the order f, r. W is drawn from U(+-sqrt(3 / input)), so that products keep the
 * variance of the input. v is drawn from U(+-sqrt(3 / 2)), as in the authors' package, which also divides W_f and W_r
 * by sqrt(2) and multiplies W_p by alpha. b_f begins at 0, b_r at `highwayBias`. State: c. Output: h. Traces: forget,
 * highway, candidate. Place of norm: gates (f and r).
 *
 * Options:
 * - `highwayBias`: the initial b_r (default 0). Below 0, more of the input passes the cell, for many layers.
 * - `rescale`: whether p_t is alpha x_t rather than x_t (default true).
 * - `skip`: whether there is the term with p_t (default true).
 * - `peepholes`: whether the gates look at the state (default true).
 * - `activation`: g (default linear).
 *
 * Throws a TensorError if `skip` and `rescale` are both false.
 */
export function sru(options: CellOptions & Partial<Options>): ReturnType<typeof linear> {
  if (options.skip === false && options.rescale === false)
    throw new TensorError(
      "sru: rescale: false leaves the skipped input as it is, and skip: false leaves it out; give one of them",
    );
  return options.peepholes === false ? linear(options) : withPeepholes(options);
}

/** f, the candidate n, r and p. */
function gatesOf({ W, v, b }: Weights, x: Tensor, { sizes, norm, trace, input, ...options }: Context, c?: Tensor) {
  const { hidden } = sizes;
  const xW = input("gates", x, W);
  const columns = (from: number, to: number): Tensor => sliceAxis(xW, 1, from * hidden, to * hidden);
  const n = trace("candidate", columns(0, 1));
  const seen = v === undefined || c === undefined ? [] : [mul(v, concat([c, c], 1))];
  const [f1, r1] = split(norm("gates", [columns(1, 3), ...seen, b]), 2);
  const alpha = options.rescale ? Math.sqrt(1 + 2 * expF64(options.highwayBias)) : 1;
  const own = sizes.input === hidden ? mul(x, alpha) : undefined;
  return {
    n,
    f: trace("forget", sigmoid(f1)),
    r: trace("highway", sigmoid(r1)),
    // Nothing reads p where there is no highway.
    p: options.skip ? (own ?? columns(3, 4)) : n,
  };
}

/** The output h. */
function shown(c: Tensor, r: Tensor, p: Tensor, { activation, skip }: Pick<Options, "activation" | "skip">): Tensor {
  const kept = mul(r, activationOf(activation)(c));
  return skip ? add(kept, mul(sub(1, r), p)) : kept;
}

/** `b` with `by` added from element `start` on. */
const raised = ({ data, shape, dtype }: ArrayTensor, start: number, by: number): ArrayTensor =>
  tensor(
    data.map((value, i) => (i < start ? value : value + by)),
    shape,
    { dtype },
  );
