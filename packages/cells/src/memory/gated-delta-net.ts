import { bias, kernel, parameter, randomUniform, type Initializer } from "@sluice/params";
import {
  add,
  exp,
  expand,
  mul,
  neg,
  sigmoid,
  softplus,
  split,
  sub,
  tensor,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { expF64, expm1F64, logF64 } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
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
 * divides q by sqrt(d) besides.
 *
 * Parameters: W `[input, 3 hidden]`, b `[3 hidden]` in the order q, k, v; w `[input, 2 heads]` in the order beta,
 * alpha; bw, A, dt `[heads]`. As in Mamba2 exp(A) begins uniform from 1 to 16 (in the authors' code,
 * NVlabs/GatedDeltaNet, from 0 to 16), and softplus(dt) from 0.001 to 0.1, uniform in its logarithm. State: S `[heads,
 * d, d]`. Output: y `[batch, hidden]`; it is not a state. Traces: query, key, value `[batch, heads, d]`, write (beta)
 * and decay (alpha) `[batch, heads]`. Place of norm: projections.
 */
export const gatedDeltaNet = defineCell({
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
  step({ W, b, w, bw, A, dt }, { S }, x, { norm, trace, input, heads, keyMap, queryMap, betaLimit }) {
    const [q1, k1, v1] = split(norm("projections", [input("projections", x, W), b]), 3);
    const q = trace("query", () => queryMap(byHead(q1, heads)));
    const k = trace("key", () => keyMap(byHead(k1, heads)));
    const v = trace("value", byHead(v1, heads));
    const [b1, a1] = split(input("gates", x, w, { gates: 2 }), 2);
    const beta = trace("write", mul(sigmoid(add(b1, bw)), betaLimit));
    const alpha = trace("decay", exp(neg(mul(exp(A), softplus(add(a1, dt))))));
    const kept = mul(expand(expand(alpha, -1), -1), S);
    const nextS = add(kept, outer(mul(expand(beta, -1), k), sub(v, read(k, kept))));
    return { state: { S: nextS }, output: joined(read(q, nextS)) };
  },
});
