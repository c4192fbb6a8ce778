import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { raised } from "./biases.ts";

/**
 * Update gate RNN: a simple recurrent network with one gate (Collins et al. 2016, arXiv:1611.09913):
 *
 *     n_t = tanh(x_t W_n + h_{t-1} U_n + b_n)
 *     g_t = sigmoid(x_t W_g + h_{t-1} U_g + b_g)
 *     h_t = g_t h_{t-1} + (1 - g_t) n_t
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order n, g. State and output: h.
 * Traces: candidate, update. Place of norm: gates. Options: `activation` (default tanh), `forgetBias`, which is added
 * to the initial b_g (default 1). TensorFlow 1's UGRNNCell adds 1 to g, and its b begins at 0, which is the same at
 * first.
 */
export const ugrnn = defineCell({
  name: "ugrnn",
  options: { activation: "tanh" as Activation, forgetBias: 1 },
  params: ({ input, hidden }, { forgetBias }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden], { adjust: raised({ from: hidden, to: 2 * hidden, by: forgetBias }) }),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, activation }) {
    const [n1, g1] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 2);
    const n = trace("candidate", activationOf(activation)(n1));
    const g = trace("update", sigmoid(g1));
    const next = add(mul(g, h), mul(sub(1, g), n));
    return { state: { h: next }, output: "h" };
  },
});
