import { bias, kernel, randomNormal, zeros } from "@sluice/params";
import { abs, add, div, exp, expand, max, mul, sigmoid, split, sub, sum, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkForgetGate, logForget, openBias, type XlstmForgetGate } from "./forget-gate.ts";
import { byHead, headWidth, joined, outer, read } from "./heads.ts";

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
 * other layers.
 *
 * Options: `heads` (default 1), `forgetGate` (default `"sigmoid"`), `epsilon` (default 0).
 *
 * Parameters: W `[input, 4 hidden]`, b `[4 hidden]` in the order q, k, v, o; w `[input, 2 heads]`, bw `[2 heads]` in
 * the order i, f. As in the authors' code w begins with zeros, and bw with a deviation of 0.1 for i and from 3 to 6
 * over the heads for f. States: C `[heads, d, d]`, n `[heads, d]`, m `[heads]`. Output: h `[batch, hidden]`; it is not
 * a state. Traces: input and forget `[batch, heads]` (divided by exp(m_t)), query, key, value, output `[batch,
 * hidden]`. Place of norm: projections.
 */
export const matrixLstm = defineCell({
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
  step({ W, b, w, bw }, { C, n, m }, x, { norm, trace, input, sizes, heads, forgetGate, epsilon }) {
    const d = sizes.hidden / heads;
    const [q1, k1, v1, o1] = split(norm("projections", [input("projections", x, W), b]), 4);
    const [i1, f1] = split(add(input("gates", x, w, { gates: 2 }), bw), 2);
    const q = byHead(trace("query", q1), heads);
    const k = mul(byHead(trace("key", k1), heads), 1 / Math.sqrt(d));
    const v = byHead(trace("value", v1), heads);
    const o = trace("output", sigmoid(o1));

    const kept = add(logForget(forgetGate, f1), m);
    const nextM = max(kept, i1);
    const i = expand(trace("input", exp(sub(i1, nextM))), -1);
    const f = expand(trace("forget", exp(sub(kept, nextM))), -1);
    const nextC = add(mul(expand(f, -1), C), outer(mul(i, k), v));
    const nextN = add(mul(f, n), mul(i, k));
    const divisor = max(abs(sum(mul(q, nextN), -1)), exp(sub(0, nextM)));
    const h = div(read(q, nextC), expand(add(divisor, epsilon), -1));
    return { state: { C: nextC, n: nextN, m: nextM }, output: mul(o, joined(h)) };
  },
});
