import { bias, kernel, recurrentKernel, type ParameterSpec } from "@sluice/params";
import { add, mul, relu, sigmoid, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { raised } from "./biases.ts";

/**
 * Intersection RNN, or +RNN, for deep stacks: one gate lets the state through in time, and one lets the input through
 * in depth (Collins et al. 2016, arXiv:1611.09913):
 *
 *     p_t = relu(x_t W_p + h_{t-1} U_p + b_p)
 *     d_t = sigmoid(x_t W_d + h_{t-1} U_d + b_d)
 *     n_t = tanh(x_t W_n + h_{t-1} U_n + b_n)
 *     g_t = sigmoid(x_t W_g + h_{t-1} U_g + b_g)
 *     y_t = d_t x_t + (1 - d_t) p_t
 *     h_t = g_t h_{t-1} + (1 - g_t) n_t
 *
 * The output y `[batch, input]` is as wide as the input. In the paper the state is too; here it may have another width.
 * Parameters: depth.W `[input, 2 input]`, depth.U `[hidden, 2 input]`, depth.b `[2 input]` in the order p, d; time.W
 * `[input, 2 hidden]`, time.U `[hidden, 2 hidden]`, time.b `[2 hidden]` in the order n, g. State: h. Traces:
 * depthCandidate, depthGate, candidate, update. Places of norm: depth, time. Option: `forgetBias`, which is added to the
 * initial b_d and b_g (default 1). TensorFlow 1's IntersectionRNNCell adds 1 to d and g, and its b begins at 0, which is
 * the same at first.
 */
export const intersectionRnn = defineCell({
  name: "intersectionRnn",
  options: { forgetBias: 1 },
  params({ input, hidden }, { forgetBias }) {
    const gateAnd = (width: number): { W: ParameterSpec; U: ParameterSpec; b: ParameterSpec } => ({
      W: kernel([input, 2 * width]),
      U: recurrentKernel([hidden, 2 * width]),
      b: bias([2 * width], { adjust: raised({ from: width, to: 2 * width, by: forgetBias }) }),
    });
    return { depth: gateAnd(input), time: gateAnd(hidden) };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ depth, time }, { h }, x, { norm, trace, input, recurrent }) {
    const gates = { gates: 2 };
    const [p1, d1] = split(
      norm("depth", [input("depth", x, depth.W, gates), recurrent("depth", h, depth.U, gates), depth.b], gates),
      2,
    );
    const [n1, g1] = split(norm("time", [input("time", x, time.W), recurrent("time", h, time.U), time.b]), 2);
    const p = trace("depthCandidate", relu(p1));
    const d = trace("depthGate", sigmoid(d1));
    const n = trace("candidate", tanh(n1));
    const g = trace("update", sigmoid(g1));
    const y = add(mul(d, x), mul(sub(1, d), p));
    const next = add(mul(g, h), mul(sub(1, g), n));
    return { state: { h: next }, output: y };
  },
});
