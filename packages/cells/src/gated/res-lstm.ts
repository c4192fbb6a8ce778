import { bias, kernel, parameter, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, tanh, TensorError } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { raised } from "./biases.ts";

/** How the input reaches the output of a {@link resLstm}: by a matrix, or as it is. */
export type ResLstmShortcut = "matrix" | "identity";

const shortcuts: readonly ResLstmShortcut[] = ["matrix", "identity"];

/**
 * Residual LSTM: an LSTM with peepholes whose output gate lets the input through too (Kim et al. 2017,
 * arXiv:1701.03360):
 *
 *     i_t = sigmoid(x_t W_i + h_{t-1} U_i + p_i c_{t-1} + b_i)
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + p_f c_{t-1} + b_f)
 *     g_t = tanh(x_t W_g + h_{t-1} U_g + b_g)
 *     c_t = f_t c_{t-1} + i_t g_t
 *     o_t = sigmoid(x_t W_o + h_{t-1} U_o + p_o c_t + b_o)
 *     m_t = tanh(c_t) P
 *     h_t = o_t (m_t + x_t R)                              shortcut identity: o_t (m_t + x_t)
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` in the order i, f, g, o; p `[3 hidden]` in
 * the order i, f, o, initially zeros; P `[hidden, hidden]`; R `[input, hidden]` with shortcut matrix. States: h, c;
 * output: h. Traces: input, forget, candidate, output. Places of norm: gates (without the peepholes), cell. Options:
 * `shortcut` (default matrix), `forgetBias`, which is added to the initial b_f (default 1). Throws a TensorError for an
 * unknown shortcut, and for `identity` with an input that is not as wide as the state.
 */
export const resLstm = defineCell({
  name: "resLstm",
  options: { shortcut: "matrix" as ResLstmShortcut, forgetBias: 1 },
  params({ input, hidden }, { shortcut, forgetBias }) {
    if (!shortcuts.includes(shortcut))
      throw new TensorError(
        `resLstm: unknown shortcut ${String(shortcut)}; ${suggestion(String(shortcut), shortcuts)}`,
      );
    if (shortcut === "identity" && input !== hidden)
      throw new TensorError(
        `resLstm: shortcut "identity" adds the input to the state, so input ${input} must equal hidden ${hidden}; otherwise take shortcut "matrix"`,
      );
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden], { adjust: raised({ from: hidden, to: 2 * hidden, by: forgetBias }) }),
      p: parameter([3 * hidden]),
      P: recurrentKernel([hidden, hidden]),
      ...(shortcut === "matrix" ? { R: kernel([input, hidden]) } : {}),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, p, P, R }, { h, c }, x, { norm, trace, input, recurrent }) {
    const [ai, af, ag, ao] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 4);
    const [pi, pf, po] = split(p, 3);
    const i = trace("input", sigmoid(add(ai, mul(pi, c))));
    const f = trace("forget", sigmoid(add(af, mul(pf, c))));
    const g = trace("candidate", tanh(ag));
    const nextC = add(mul(f, c), mul(i, g));
    const o = trace("output", sigmoid(add(ao, mul(po, nextC))));
    const m = recurrent("projection", tanh(norm("cell", nextC)), P, { source: "memory" });
    const nextH = mul(o, add(m, R === undefined ? x : input("shortcut", x, R)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});
