import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, sub, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Light recurrent unit, whose candidate does not see the state (Ye et al. 2024, doi:10.3390/electronics13163204):
 *
 *     n_t = tanh(x_t W_n + b_n)
 *     f_t = sigmoid(x_t W_f + h_{t-1} U + b_f)
 *     h_t = (1 - f_t) h_{t-1} + f_t n_t
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, hidden]`, b `[2 hidden]`, in the order n, f. State and output: h.
 * Traces: candidate, forget. Places of norm: candidate, forget.
 */
export const lightRu = defineCell({
  name: "lightRu",
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const nOf = (y: Tensor): Tensor => sliceAxis(y, -1, 0, hidden);
    const fOf = (y: Tensor): Tensor => sliceAxis(y, -1, hidden, 2 * hidden);
    const xW = input("gates", x, W);
    const n = trace("candidate", tanh(norm("candidate", [nOf(xW), nOf(b)])));
    const f = trace("forget", sigmoid(norm("forget", [fOf(xW), recurrent("forget", h, U), fOf(b)])));
    const next = add(mul(sub(1, f), h), mul(f, n));
    return { state: { h: next }, output: "h" };
  },
});
