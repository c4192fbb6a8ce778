import { kernel, recurrentKernel, bias } from "@sluice/params";
import { add, mul, sigmoid, sub } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { biasesOf, given, type Biases } from "./biases.ts";

/**
 * Addition-subtraction twin-gated recurrent network: two gates of the sum and the difference of the same two products
 * (Zhang et al. 2018, arXiv:1810.12546):
 *
 *     p_t = x_t W + b
 *     q_t = h_{t-1} U + bh
 *     i_t = sigmoid(p_t + q_t)
 *     f_t = sigmoid(p_t - q_t)
 *     h_t = i_t p_t + f_t h_{t-1}
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b and bh `[hidden]`. State and output: h. Traces: input,
 * forget. Places of norm: input, recurrent. Option: `biases` 0, 1 (b, the default) or 2 (b and bh).
 */
export const atr = defineCell({
  name: "atr",
  options: { biases: 1 as Biases },
  params: ({ input, hidden }, { biases }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    ...biasesOf(biases, bias([hidden])),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x, { norm, trace, input, recurrent }) {
    const p = norm("input", [input("input", x, W), ...given(b)]);
    const q = norm("recurrent", [recurrent("recurrent", h, U), ...given(bh)]);
    const i = trace("input", sigmoid(add(p, q)));
    const f = trace("forget", sigmoid(sub(p, q)));
    const next = add(mul(i, p), mul(f, h));
    return { state: { h: next }, output: "h" };
  },
});
