import { bias, kernel } from "@sluice/params";
import { add, expand, mul, neg, sigmoid, split, sub, TensorError, type Tensor } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { matrixRecurrence } from "../definition/recurrences.ts";
import type { StepContext } from "../definition/step-context.ts";
import { byHead, headWidth, joined, outer, read } from "./heads.ts";
import { unitSilu } from "./unit.ts";

/**
 * DeltaNet: a matrix memory that replaces what it holds for a key by a new value (Schlag et al. 2021, arXiv:2102.11174;
 * Yang et al. 2024, arXiv:2406.06484). By head of width d = hidden / heads, with rows for the papers' columns:
 *
 *     q~, k~, v = split(x_t W + b)
 *     q = queryMap(q~),  k = keyMap(k~)
 *     beta = betaLimit sigmoid(x_t w + bw)                     one number for a head
 *     S_t = S_{t-1} + beta k' (v - k S_{t-1})                  [key, value]: the papers' W and S are transposed
 *     y_t = q S_t
 *
 * k S_{t-1} is what the memory holds for the key; beta says how much of it is replaced by v. For keys of length 1 the
 * memory cannot grow without bound while beta is at most 2.
 *
 * Options:
 * - `heads` (default 1) divides `hidden`.
 * - `keyMap`, `queryMap`: functions of `[batch, heads, d]` that keep the shape. Default silu divided by its length, as
 *   in Yang et al. Schlag et al. use maps with a sum of 1. fla-core's layer divides q by sqrt(d) besides.
 * - `betaLimit`: above 0 and at most 2. Default 1, as in both papers. With 2 the factor I - beta k k' may have negative
 *   eigenvalues, so that a state can be turned over (Grazzi et al. 2024, arXiv:2411.12537).
 *
 * The step is linear in S. An associative scan multiplies the `[d, d]` matrices I - beta k' k of the steps, so that it
 * takes about d times the work of the loop.
 *
 * The convolution of q, k and v in Yang et al. and the normalization of y are other layers.
 *
 * Parameters: W `[input, 3 hidden]`, b `[3 hidden]` in the order q, k, v; w `[input, heads]`, bw `[heads]`. State: S
 * `[heads, d, d]`. Output: y `[batch, hidden]`; it is not a state. Traces: query, key, value `[batch, heads, d]`, write
 * (beta) `[batch, heads]`. Place of norm: projections.
 */
export const deltaNet = defineAssociativeCell({
  name: "deltaNet",
  options: {
    heads: 1,
    keyMap: unitSilu as (y: Tensor) => Tensor,
    queryMap: unitSilu as (y: Tensor) => Tensor,
    betaLimit: 1,
  },
  params(sizes, { heads, betaLimit }) {
    headWidth("deltaNet", heads, sizes);
    checkBetaLimit("deltaNet", betaLimit);
    const { input, hidden } = sizes;
    return {
      W: kernel([input, 3 * hidden]),
      b: bias([3 * hidden]),
      w: kernel([input, heads]),
      bw: bias([heads]),
    };
  },
  state(sizes, { heads }) {
    const d = headWidth("deltaNet", heads, sizes);
    return { S: [heads, d, d] };
  },
  recurrence: matrixRecurrence("S"),
  elements(weights, x, context) {
    const { q, k, v, beta } = projected(weights, x, context);
    const written = mul(expand(beta, -1), k);
    return { A: neg(outer(written, k)), B: outer(written, v), q };
  },
  output: (_, { S }, __, { elements: { q } }) => joined(read(q, S)),
  step(weights, { S }, x, context) {
    const { q, k, v, beta } = projected(weights, x, context);
    const nextS = add(S, outer(mul(expand(beta, -1), k), sub(v, read(k, S))));
    return { state: { S: nextS }, output: joined(read(q, nextS)) };
  },
});

type Weights = { readonly [N in "W" | "b" | "w" | "bw"]: Tensor };
type Map = (y: Tensor) => Tensor;
type Context = Pick<StepContext, "norm" | "trace" | "input"> & {
  readonly heads: number;
  readonly keyMap: Map;
  readonly queryMap: Map;
  readonly betaLimit: number;
};

/** Query, key and value by head, and beta. */
function projected({ W, b, w, bw }: Weights, x: Tensor, { norm, trace, input, heads, ...options }: Context) {
  const [q1, k1, v1] = split(norm("projections", [input("projections", x, W), b]), 3);
  return {
    q: trace("query", () => options.queryMap(byHead(q1, heads))),
    k: trace("key", () => options.keyMap(byHead(k1, heads))),
    v: trace("value", byHead(v1, heads)),
    beta: trace("write", mul(sigmoid(add(input("write", x, w, { gates: 1 }), bw)), options.betaLimit)),
  };
}

/** An error where the largest beta is none. */
export function checkBetaLimit(cell: string, betaLimit: number): void {
  if (!(betaLimit > 0 && betaLimit <= 2))
    throw new TensorError(
      `${cell}: betaLimit must be above 0 and at most 2, got ${String(betaLimit)}; beyond 2 the memory grows without bound`,
    );
}
