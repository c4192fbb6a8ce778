import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * MinimalRNN, whose candidate is an image of the input alone (Chen 2017, arXiv:1711.06788):
 *
 *     z_t = tanh(x_t W + b_z)
 *     u_t = sigmoid(h_{t-1} U + z_t V + b_u)
 *     h_t = u_t h_{t-1} + (1 - u_t) z_t
 *
 * Parameters: W `[input, hidden]`, U and V `[hidden, hidden]`, bz and bu `[hidden]`. State and output: h. Traces:
 * candidate (z), update (u). Places of norm: candidate, update.
 */
export const minimalRnn = defineCell({
  name: "minimalRnn",
  params: ({ input, hidden }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    V: kernel([hidden, hidden]),
    bz: bias([hidden]),
    bu: bias([hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, V, bz, bu }, { h }, x, { norm, trace, input, recurrent }) {
    const z = trace("candidate", tanh(norm("candidate", [input("candidate", x, W), bz])));
    const zV = input("update", z, V, { source: "candidate" });
    const u = trace("update", sigmoid(norm("update", [recurrent("update", h, U), zV, bu])));
    const next = add(mul(u, h), mul(sub(1, u), z));
    return { state: { h: next }, output: "h" };
  },
});
