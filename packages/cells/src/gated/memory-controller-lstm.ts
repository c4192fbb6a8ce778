import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, split, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { raised } from "./biases.ts";

/**
 * Memory controller LSTM: what recurs, v, has a gate apart from that of the output ("Sequence modeling", NIPS 2017
 * workshop, Intel; equations as in torchrecurrent 0.2.5, which calls it MCLSTM):
 *
 *     f_t = sigmoid(x_t W_f + v_{t-1} U_f + b_f), and so i_t, o_t, m_t
 *     g_t = tanh(x_t W_g + v_{t-1} U_g + b_g)
 *     c_t = f_t c_{t-1} + i_t g_t
 *     v_t = m_t tanh(c_t)
 *     output = o_t tanh(c_t)
 *
 * It is not the mass-conserving LSTM. Parameters: W `[input, 5 hidden]`, U `[hidden, 5 hidden]`, b `[5 hidden]`, in the
 * order f, i, o, m, g. States: v, c; the output is neither. Traces: forget, input, output, controller (m), candidate.
 * Places of norm: gates, cell. Option: `forgetBias`, which is added to the initial b_f (default 1).
 */
export const memoryControllerLstm = defineCell({
  name: "memoryControllerLstm",
  options: { forgetBias: 1 },
  params: ({ input, hidden }, { forgetBias }) => ({
    W: kernel([input, 5 * hidden]),
    U: recurrentKernel([hidden, 5 * hidden]),
    b: bias([5 * hidden], { adjust: raised({ from: 0, to: hidden, by: forgetBias }) }),
  }),
  state: ({ hidden }) => ({ v: [hidden], c: [hidden] }),
  step({ W, U, b }, { v, c }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const a = norm("gates", [input("gates", x, W), recurrent("gates", v, U), b]);
    const [f1, i1, o1, m1] = split(sliceAxis(a, -1, 0, 4 * hidden), 4);
    const f = trace("forget", sigmoid(f1));
    const i = trace("input", sigmoid(i1));
    const o = trace("output", sigmoid(o1));
    const m = trace("controller", sigmoid(m1));
    const g = trace("candidate", tanh(sliceAxis(a, -1, 4 * hidden, 5 * hidden)));
    const nextC = add(mul(f, c), mul(i, g));
    const memory = tanh(norm("cell", nextC));
    return { state: { v: mul(m, memory), c: nextC }, output: mul(o, memory) };
  },
});
