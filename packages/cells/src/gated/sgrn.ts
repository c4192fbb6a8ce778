import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { biasesOf, given, type Biases } from "./biases.ts";

/**
 * Simple gated recurrent network: one product of the input is its gate's and its content (doi:10.1049/gtd2.12056;
 * equations as in torchrecurrent 0.2.5):
 *
 *     p_t = x_t W + b
 *     f_t = sigmoid(p_t + h_{t-1} U + bh)
 *     h_t = tanh((1 - f_t) p_t + f_t h_{t-1})
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b and bh `[hidden]`. State and output: h. Trace: forget.
 * Places of norm: content (p), forget. Option: `biases` 0, 1 (b, the default) or 2 (b and bh).
 */
export const sgrn = defineCell({
  name: "sgrn",
  options: { biases: 1 as Biases },
  params: ({ input, hidden }, { biases }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    ...biasesOf(biases, bias([hidden])),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x, { norm, trace, input, recurrent }) {
    const p = norm("content", [input("content", x, W), ...given(b)]);
    const hU = norm("forget", [recurrent("forget", h, U), ...given(bh)]);
    const f = trace("forget", sigmoid(add(p, hU)));
    const next = tanh(add(mul(sub(1, f), p), mul(f, h)));
    return { state: { h: next }, output: "h" };
  },
});
