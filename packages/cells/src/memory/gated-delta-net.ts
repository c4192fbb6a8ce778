import { bias, kernel, parameter, randomUniform, type Initializer } from "@sluice/params";
import {
  add,
  convert,
  equal,
  exp,
  expand,
  expm1,
  iota,
  mul,
  neg,
  sigmoid,
  softplus,
  split,
  sub,
  tensor,
  type ArrayTensor,
  type DType,
  type Tensor,
} from "@sluice/tensor";
import { expF64, expm1F64, logF64 } from "@sluice/tensor/internal";
import { axisSize } from "../cell/axes.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { matrixRecurrence } from "../definition/recurrences.ts";
import type { StepContext } from "../definition/step-context.ts";
import { checkBetaLimit } from "./delta-net.ts";
import { byHead, headWidth, joined, outer, read } from "./heads.ts";
import { unitSilu } from "./unit.ts";

const changed = (drawn: ArrayTensor, f: (value: number) => number): ArrayTensor =>
  tensor(drawn.data.map(f), drawn.shape);

/** The logarithm of a number drawn uniformly from 1 to 16. */
const logUniform: Initializer = (key, shape, sizes) =>
  changed(randomUniform({ low: 1, high: 16 })(key, shape, sizes), logF64);

/** A number whose softplus is drawn from 0.001 to 0.1, uniformly in its logarithm. */
const smallStep: Initializer = (key, shape, sizes) =>
  changed(randomUniform({ low: logF64(0.001), high: logF64(0.1) })(key, shape, sizes), (log) =>
    logF64(expm1F64(expF64(log))),
  );

/**
 * Gated DeltaNet: {@link deltaNet} whose memory also decays (Yang et al. 2024, arXiv:2412.06464). By head of width d =
 * hidden / heads, with rows for the paper's columns:
 *
 *     q~, k~, v = split(x_t W + b)
 *     q = queryMap(q~),  k = keyMap(k~)
 *     b~, a~ = split(x_t w)                                    one number each for a head
 *     beta = betaLimit sigmoid(b~ + bw)
 *     alpha = exp(-exp(A) softplus(a~ + dt))                   as in Mamba2 (Dao, Gu 2024, arXiv:2405.21060)
 *     S' = alpha S_{t-1}
 *     S_t = S' + beta k' (v - k S')                            the paper's S_{t-1} (alpha (I - beta k k')) + beta v k'
 *     y_t = q S_t
 *
 * Options: `heads` (default 1), `keyMap`, `queryMap` (default silu divided by its length) and `betaLimit` (default 1),
 * as for {@link deltaNet}. Convolutions, the output gate and the normalization of y are other layers. fla-core's layer
 * divides q by sqrt(d) besides. The step is linear in S, and has the scan of {@link deltaNet}.
 *
 * Parameters: W `[input, 3 hidden]`, b `[3 hidden]` in the order q, k, v; w `[input, 2 heads]` in the order beta,
 * alpha; bw, A, dt `[heads]`. As in Mamba2 exp(A) begins uniform from 1 to 16 (in the authors' code,
 * NVlabs/GatedDeltaNet, from 0 to 16), and softplus(dt) from 0.001 to 0.1, uniform in its logarithm. State: S `[heads,
 * d, d]`. Output: y `[batch, hidden]`; it is not a state. Traces: query, key, value `[batch, heads, d]`, write (beta)
 * and decay (alpha) `[batch, heads]`. Place of norm: projections.
 */
export const gatedDeltaNet = defineAssociativeCell({
  name: "gatedDeltaNet",
  options: {
    heads: 1,
    keyMap: unitSilu as (y: Tensor) => Tensor,
    queryMap: unitSilu as (y: Tensor) => Tensor,
    betaLimit: 1,
  },
  params(sizes, { heads, betaLimit }) {
    headWidth("gatedDeltaNet", heads, sizes);
    checkBetaLimit("gatedDeltaNet", betaLimit);
    const { input, hidden } = sizes;
    return {
      W: kernel([input, 3 * hidden]),
      b: bias([3 * hidden]),
      w: kernel([input, 2 * heads]),
      bw: bias([heads]),
      A: parameter([heads], { initializer: logUniform }),
      dt: parameter([heads], { initializer: smallStep }),
    };
  },
  state(sizes, { heads }) {
    const d = headWidth("gatedDeltaNet", heads, sizes);
    return { S: [heads, d, d] };
  },
  recurrence: matrixRecurrence("S"),
  elements(weights, x, context) {
    const { q, k, v, beta, decay, alpha } = projected(weights, x, context);
    const written = mul(expand(beta, -1), k);
    const d = axisSize(k, -1);
    const kept = expand(expand(alpha, -1), -1);
    // alpha (I - beta k' k) - I, of which alpha - 1 is taken without cancellation. Where the trace of alpha is changed,
    // it differs from exp(decay).
    const less = add(expm1(decay), sub(alpha, exp(decay)));
    const lost = mul(expand(expand(less, -1), -1), unitMatrix(d, x.dtype));
    return { A: sub(lost, mul(kept, outer(written, k))), B: outer(written, v), q };
  },
  output: (_, { S }, __, { elements: { q } }) => joined(read(q, S)),
  step(weights, { S }, x, context) {
    const { q, k, v, beta, alpha } = projected(weights, x, context);
    const kept = mul(expand(expand(alpha, -1), -1), S);
    const nextS = add(kept, outer(mul(expand(beta, -1), k), sub(v, read(k, kept))));
    return { state: { S: nextS }, output: joined(read(q, nextS)) };
  },
});

type Weights = { readonly [N in "W" | "b" | "w" | "bw" | "A" | "dt"]: Tensor };
type Map = (y: Tensor) => Tensor;
type Context = Pick<StepContext, "norm" | "trace" | "input"> & {
  readonly heads: number;
  readonly keyMap: Map;
  readonly queryMap: Map;
  readonly betaLimit: number;
};

/** Query, key and value by head, beta, alpha, and the logarithm of alpha. */
function projected({ W, b, w, bw, A, dt }: Weights, x: Tensor, { norm, trace, input, heads, ...options }: Context) {
  const [q1, k1, v1] = split(norm("projections", [input("projections", x, W), b]), 3);
  const q = trace("query", () => options.queryMap(byHead(q1, heads)));
  const k = trace("key", () => options.keyMap(byHead(k1, heads)));
  const v = trace("value", byHead(v1, heads));
  const [b1, a1] = split(input("gates", x, w, { gates: 2 }), 2);
  const beta = trace("write", mul(sigmoid(add(b1, bw)), options.betaLimit));
  const decay = neg(mul(exp(A), softplus(add(a1, dt))));
  return { q, k, v, beta, decay, alpha: trace("decay", exp(decay)) };
}

const unitMatrix = (size: number, dtype: DType): Tensor =>
  convert(equal(iota([size, 1], { axis: 0 }), iota([1, size], { axis: 1 })), dtype);
