import { bias, kernel, orthogonal, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * STAR, the stackable recurrent cell (Turkoglu et al. 2019, arXiv:1911.11033), whose one gate is made for
 * networks of many layers:
 *
 *     z_t = tanh(x_t W_z + b_z)
 *     k_t = sigmoid(x_t W_k + h_{t-1} U + b_k)
 *     h_t = tanh((1 - k_t) h_{t-1} + k_t z_t)
 *
 * k is the part that is new. W begins orthogonal, as in the authors' code. That code for sequential MNIST (star.py)
 * adds beta = 1 of `janet` and chrono initialization, which the paper's equations do not have.
 *
 * Parameters: W `[input, 2 hidden]` and b `[2 hidden]` in the order z, k; U `[hidden, hidden]`. State and output: h.
 * Traces: candidate, update. Places of norm: candidate and gates.
 */
export const star = defineCell({
  name: "star",
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden], { initializer: orthogonal }),
    U: recurrentKernel([hidden, hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const [Wz, Wk] = [sliceAxis(W, 1, 0, hidden), sliceAxis(W, 1, hidden, 2 * hidden)];
    const [bz, bk] = [sliceAxis(b, 0, 0, hidden), sliceAxis(b, 0, hidden, 2 * hidden)];
    const z = trace("candidate", tanh(norm("candidate", [input("candidate", x, Wz), bz])));
    const k = trace("update", sigmoid(norm("gates", [input("gates", x, Wk), recurrent("gates", h, U), bk])));
    const next = tanh(add(mul(sub(1, k), h), mul(k, z)));
    return { state: { h: next }, output: "h" };
  },
});
