import { bias, kernel, randomNormal, zeros } from "@sluice/params";
import {
  abs,
  add,
  div,
  exp,
  expand,
  max,
  mul,
  sigmoid,
  split,
  sub,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import type { AssociativeSteps } from "../cell/recurrence.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import type { StepContext } from "../definition/step-context.ts";
import { checkForgetGate, logForget, openBias, type XlstmForgetGate } from "./forget-gate.ts";
import { byHead, headWidth, joined, outer, read } from "./heads.ts";

type Stabilized = { readonly [N in "C" | "n" | "m"]: Tensor };

/**
 * Steps of C and n that are kept divided by exp(m). The element of several steps has the sum of their log f, and what
 * they write, divided by its own exp(m).
 */
const stabilizedRecurrence: AssociativeSteps<"logF" | keyof Stabilized, Stabilized> = {
  // Low enough that exp(m) is 0 beside any other, and finite, so that the difference of two is 0.
  identity: { logF: 0, C: 0, n: 0, m: -1e30 },
  combine: (first, second) => ({ logF: add(first.logF, second.logF), ...after(first, second) }),
  apply: (element, before) => after(before, element),
};

/** C, n and m after the steps of an element. */
function after(before: Stabilized, { logF, C, n, m }: Stabilized & { readonly logF: Tensor }): Stabilized {
  const kept = add(logF, before.m);
  const nextM = max(kept, m);
  const f = expand(exp(sub(kept, nextM)), -1);
  const i = expand(exp(sub(m, nextM)), -1);
  return {
    C: add(mul(expand(f, -1), before.C), mul(expand(i, -1), C)),
    n: add(mul(f, before.n), mul(i, n)),
    m: nextM,
  };
}

/**
 * The mLSTM of xLSTM: an LSTM whose memory is a matrix, written by outer products (Beck et al. 2024, arXiv:2405.04517,
 * section 2.3 and appendix A.3). By head of width d = hidden / heads, with rows for the paper's columns:
 *
 *     q, k, v, o~ = split(x_t W + b)
 *     i~, f~ = split(x_t w + bw)                               one number each for a head
 *     m_t = max(log f + m_{t-1}, i~)                           the stabilizer; f = sigmoid(f~) or exp(f~)
 *     i_t = exp(i~ - m_t)
 *     f_t = exp(log f + m_{t-1} - m_t)
 *     C_t = f_t C_{t-1} + i_t (k / sqrt(d))' v                 [key, value]: the paper's is transposed
 *     n_t = f_t n_{t-1} + i_t k / sqrt(d)
 *     h_t = sigmoid(o~) (q C_t) / max(|q n_t'|, exp(-m_t))
 *
 * C and n are kept divided by exp(m_t), so that no gate overflows: the divisor is the paper's max(|q n'|, 1). Here k is
 * divided together with its bias, as in the authors' code (xlstm 2.0.6); in the paper the bias is added after the
 * division. That code adds 1e-6 to the divisor, and the paper does not: option `epsilon`. The gates read x, as in the
 * paper; in the code's own cell they read q, k and v. Convolution, normalization and the blocks around the cell are
 * other layers. The gates read x alone, so an associative scan computes all steps at once, with a matrix for every step.
 *
 * Options: `heads` (default 1), `forgetGate` (default `"sigmoid"`), `epsilon` (default 0).
 *
 * Parameters: W `[input, 4 hidden]`, b `[4 hidden]` in the order q, k, v, o; w `[input, 2 heads]`, bw `[2 heads]` in
 * the order i, f. As in the authors' code w begins with zeros, and bw with a deviation of 0.1 for i and from 3 to 6
 * over the heads for f. States: C `[heads, d, d]`, n `[heads, d]`, m `[heads]`. Output: h `[batch, hidden]`; it is not
 * a state. Traces: input and forget `[batch, heads]` (divided by exp(m_t)), query, key, value, output `[batch,
 * hidden]`. Place of norm: projections.
 */
export const matrixLstm = defineAssociativeCell({
  name: "matrixLstm",
  options: { heads: 1, forgetGate: "sigmoid" as XlstmForgetGate, epsilon: 0 },
  params(sizes, { heads, forgetGate, epsilon }) {
    checkForgetGate("matrixLstm", forgetGate);
    headWidth("matrixLstm", heads, sizes);
    if (!(epsilon >= 0 && epsilon < Infinity))
      throw new TensorError(`matrixLstm: epsilon must be a finite number >= 0, got ${String(epsilon)}`);
    const { input, hidden } = sizes;
    const forget = { start: heads, stop: 2 * heads, group: heads };
    return {
      W: kernel([input, 4 * hidden]),
      b: bias([4 * hidden]),
      w: kernel([input, 2 * heads], { initializer: zeros }),
      bw: openBias(2 * heads, forget, randomNormal({ deviation: 0.1 })),
    };
  },
  state(sizes, { heads }) {
    const d = headWidth("matrixLstm", heads, sizes);
    return { C: [heads, d, d], n: [heads, d], m: [heads] };
  },
  recurrence: stabilizedRecurrence,
  elements(weights, x, context) {
    const { q, k, v, o, i1, logF } = projected(weights, x, context);
    return { logF, m: i1, C: outer(k, v), n: k, q, o };
  },
  output(_, { C, n, m }, __, { observe, epsilon, elements, before }) {
    observe("input", exp(sub(elements.m, m)));
    observe("forget", exp(sub(add(elements.logF, before.m), m)));
    return mul(elements.o, joined(retrieved(elements.q, { C, n, m }, epsilon)));
  },
  step(weights, { C, n, m }, x, { epsilon, ...context }) {
    const { q, k, v, o, i1, logF } = projected(weights, x, context);
    const { trace } = context;
    const kept = add(logF, m);
    const nextM = max(kept, i1);
    const i = expand(trace("input", exp(sub(i1, nextM))), -1);
    const f = expand(trace("forget", exp(sub(kept, nextM))), -1);
    const nextC = add(mul(expand(f, -1), C), outer(mul(i, k), v));
    const nextN = add(mul(f, n), mul(i, k));
    const state = { C: nextC, n: nextN, m: nextM };
    return { state, output: mul(o, joined(retrieved(q, state, epsilon))) };
  },
});

type Weights = { readonly [N in "W" | "b" | "w" | "bw"]: Tensor };
type Context = Pick<StepContext, "norm" | "trace" | "input" | "sizes"> & {
  readonly heads: number;
  readonly forgetGate: XlstmForgetGate;
};

/** Query, key and value by head, the output gate, i~ and log f. */
function projected({ W, b, w, bw }: Weights, x: Tensor, { norm, trace, input, sizes, ...options }: Context) {
  const { heads, forgetGate } = options;
  const d = sizes.hidden / heads;
  const [q1, k1, v1, o1] = split(norm("projections", [input("projections", x, W), b]), 4);
  const [i1, f1] = split(add(input("gates", x, w, { gates: 2 }), bw), 2);
  return {
    q: byHead(trace("query", q1), heads),
    k: mul(byHead(trace("key", k1), heads), 1 / Math.sqrt(d)),
    v: byHead(trace("value", v1), heads),
    o: trace("output", sigmoid(o1)),
    i1,
    logF: logForget(forgetGate, f1),
  };
}

/** What the memory holds for the query, by head. */
function retrieved(q: Tensor, { C, n, m }: Stabilized, epsilon: number): Tensor {
  const divisor = max(abs(sum(mul(q, n), -1)), exp(sub(0, m)));
  return div(read(q, C), expand(add(divisor, epsilon), -1));
}
