import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, concat, expand, mul, sigmoid, sliceAxis, split, sub, take, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";

/**
 * tau-GRU, a gated recurrent unit with weighted time-delay feedback (Erichson et al. 2022, arXiv:2212.00228): besides
 * the last state it reads one from some steps before, from a history that it keeps.
 *
 *     u_t = tanh(x_t W_u + h_{t-1} U_u + b_u)
 *     z_t = tanh(x_t W_z + h_{t-1-delay} U_z + b_z)
 *     g_t = sigmoid(x_t W_g + h_{t-1} U_g + b_g)
 *     a_t = sigmoid(x_t W_a + h_{t-1} U_a + b_a)
 *     h_t = (1 - g_t) h_{t-1} + g_t (u_t + a_t z_t)
 *
 * g is the part that is new; a weights what comes back from the past. States before the first step are zeros.
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`, in the order u, g, a, z. States: h, and
 * history `[delay, hidden]`, the states before h, oldest first; output: h. Traces: candidate (u), update (g), feedback
 * (a), delayed (z). Places of norm: gates (u, g and a) and delayed.
 *
 * Option: `delay`, in steps (default 1); the paper tunes it to each task. Throws a TensorError if it is not an integer
 * of 1 or more.
 */
export const tauGru = defineCell({
  name: "tauGru",
  options: { delay: 1 },
  params({ input, hidden }, { delay }) {
    checkSize("tauGru", "delay", delay);
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden]),
    };
  },
  state: ({ hidden }, { delay }) => ({ h: [hidden], history: [delay, hidden] }),
  step({ W, U, b }, { h, history }, x, { sizes: { hidden }, norm, trace, input, recurrent, delay }) {
    const gates = (w: Tensor): Tensor => sliceAxis(w, -1, 0, 3 * hidden);
    const delayed = (w: Tensor): Tensor => sliceAxis(w, -1, 3 * hidden, 4 * hidden);

    const products = [input("gates", x, gates(W)), recurrent("gates", h, gates(U))];
    const [u1, g1, a1] = split(norm("gates", [...products, gates(b)]), 3);
    const before = take(history, 0, 1);
    const feedback = [input("delayed", x, delayed(W)), recurrent("delayed", before, delayed(U), { source: "history" })];
    const u = trace("candidate", tanh(u1));
    const g = trace("update", sigmoid(g1));
    const a = trace("feedback", sigmoid(a1));
    const z = trace("delayed", tanh(norm("delayed", [...feedback, delayed(b)])));
    const next = add(mul(sub(1, g), h), mul(g, add(u, mul(a, z))));
    return {
      state: { h: next, history: concat([sliceAxis(history, 1, 1, delay), expand(h, 1)], 1) },
      output: "h",
    };
  },
});
