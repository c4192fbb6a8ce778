import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, split, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";

/**
 * Recurrent additive network: the memory is a weighted sum of linear images of the inputs (Lee et al. 2017,
 * arXiv:1705.07393):
 *
 *     n_t = x_t W_n
 *     i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
 *     c_t = i_t n_t + f_t c_{t-1}
 *     h_t = g(c_t)
 *
 * The paper's g is tanh, or the identity. Parameters: W `[input, 3 hidden]` in the order n, i, f; U
 * `[hidden, 2 hidden]` and b `[2 hidden]` in the order i, f. States: h, c; output: h. Traces: content, input, forget.
 * Places of norm: content, gates, cell. Option: `activation` (g, default tanh; `"linear"` is the identity).
 */
export const ran = defineCell({
  name: "ran",
  options: { activation: "tanh" as Activation },
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b }, { h, c }, x, { sizes: { hidden }, norm, trace, input, recurrent, activation }) {
    const g = activationOf(activation);
    const contentOf = (y: Tensor): Tensor => sliceAxis(y, -1, 0, hidden);
    const gatesOf = (y: Tensor): Tensor => sliceAxis(y, -1, hidden, 3 * hidden);
    const xW = input("gates", x, W);
    const n = trace("content", norm("content", [contentOf(xW)]));
    const [i1, f1] = split(norm("gates", [gatesOf(xW), recurrent("gates", h, U), b]), 2);
    const i = trace("input", sigmoid(i1));
    const f = trace("forget", sigmoid(f1));
    const nextC = add(mul(i, n), mul(f, c));
    const nextH = g(norm("cell", nextC));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});
