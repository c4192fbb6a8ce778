import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { raised } from "./biases.ts";

/**
 * Multiplicative LSTM (Krause et al. 2016, arXiv:1609.07959): an LSTM whose gates read m, the state
 * multiplied by features of the input, so that each input has its own recurrent weights.
 *
 *     m_t = (x_t W_m) (h_{t-1} U)
 *     i_t = sigmoid(x_t W_i + m_t V_i + b_i)
 *     f_t = sigmoid(x_t W_f + m_t V_f + b_f)
 *     n_t = tanh(x_t W_n + m_t V_n + b_n)
 *     o_t = sigmoid(x_t W_o + m_t V_o + b_o)
 *     c_t = f_t c_{t-1} + i_t n_t
 *     h_t = o_t tanh(c_t)
 *
 * The product of the two factors of m is by elements. They have no bias, as in OpenAI's code
 * (openai/generating-reviews-discovering-sentiment). b_f begins at 1.
 *
 * Parameters: W `[input, 4 hidden]`, V `[hidden, 4 hidden]` and b `[4 hidden]` in the order i, f, n, o; Wm `[input,
 * hidden]`, U `[hidden, hidden]`. States: h, c; output: h. Traces: intermediate (m), input, forget, candidate, output.
 * Places of norm: gates, cell.
 *
 * Options:
 * - `forgetBias`: added to the initial b_f. Default 1.
 * - `factorBiases`: adds bm and bh `[hidden]` to the factors: `(x_t W_m + bm) (h_{t-1} U + bh)`, as torchrecurrent
 *   does. Default false.
 */
export const multiplicativeLstm = defineCell({
  name: "multiplicativeLstm",
  options: { forgetBias: 1, factorBiases: false },
  params: ({ input, hidden }, { forgetBias, factorBiases }) => ({
    Wm: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    W: kernel([input, 4 * hidden]),
    V: recurrentKernel([hidden, 4 * hidden]),
    b: bias([4 * hidden], { adjust: raised({ from: hidden, to: 2 * hidden, by: forgetBias }) }),
    ...(factorBiases ? { bm: bias([hidden]), bh: bias([hidden]) } : {}),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ Wm, U, W, V, b, bm, bh }, { h, c }, x, { norm, trace, input, recurrent }) {
    const ofInput = plus(input("intermediate", x, Wm), bm);
    const ofState = plus(recurrent("intermediate", h, U), bh);
    const m = trace("intermediate", mul(ofInput, ofState));
    const products = [input("gates", x, W), recurrent("gates", m, V, { source: "intermediate" })];
    const [i1, f1, n1, o1] = split(norm("gates", [...products, b]), 4);
    const i = trace("input", sigmoid(i1));
    const f = trace("forget", sigmoid(f1));
    const n = trace("candidate", tanh(n1));
    const o = trace("output", sigmoid(o1));
    const nextC = add(mul(f, c), mul(i, n));
    const nextH = mul(o, tanh(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});

const plus = (x: Tensor, b: Tensor | undefined): Tensor => (b === undefined ? x : add(x, b));
