import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * JANET, "just another network": an LSTM that has only a forget gate (van der Westhuizen and Lasenby 2018,
 * arXiv:1804.04849):
 *
 *     s_t = x_t W_f + h_{t-1} U_f + b_f
 *     a_t = x_t W_a + h_{t-1} U_a + b_a
 *     f_t = sigmoid(s_t)
 *     h_t = f_t h_{t-1} + (1 - sigmoid(s_t - beta)) tanh(a_t)
 *
 * With beta above 0, more enters than the forget gate lets out. The paper takes 1, and begins b_f as chrono
 * initialization does. Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order f, a.
 * State and output: h. Traces: forget, candidate. Place of norm: gates. Option: `beta` (default 1).
 */
export const janet = defineCell({
  name: "janet",
  options: { beta: 1 },
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, beta }) {
    const [s, a1] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 2);
    const f = trace("forget", sigmoid(s));
    const a = trace("candidate", tanh(a1));
    const next = add(mul(f, h), mul(sub(1, sigmoid(sub(s, beta))), a));
    return { state: { h: next }, output: "h" };
  },
});
