import { defineCell } from "@sluice/cells";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub, tanh } from "@sluice/tensor";

/**
 * A cell with one gate, to begin with. Change the equations here and in `step`.
 *
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
 *     n_t = tanh(x_t W_n + h_{t-1} U_n + b_n)
 *     h_t = f_t h_{t-1} + (1 - f_t) n_t
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order f, n. State and output: h.
 */
export const softGate = defineCell({
  name: "soft gate",
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent }) {
    const [a, c] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 2);
    const f = trace("forget", sigmoid(a));
    const n = trace("candidate", tanh(c));
    return { state: { h: add(mul(f, h), mul(sub(1, f), n)) }, output: "h" };
  },
});
