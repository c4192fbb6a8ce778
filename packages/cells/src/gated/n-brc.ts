import { bias, glorotUniform, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Neuromodulated bistable recurrent cell (Vecoven et al. 2021, doi:10.1371/journal.pone.0252676): {@link brc}, whose
 * two gates read the states of all units.
 *
 *     a_t = 1 + tanh(x_t W_a + h_{t-1} U_a + b_a)
 *     c_t = sigmoid(x_t W_c + h_{t-1} U_c + b_c)
 *     n_t = tanh(x_t W_n + a_t h_{t-1} + b_n)
 *     h_t = c_t h_{t-1} + (1 - c_t) n_t
 *
 * Products with a and c are by elements. c keeps the old state. U begins Glorot-uniform, as in the authors' code, which
 * has no b_n.
 *
 * Parameters: W `[input, 3 hidden]` and b `[3 hidden]` in the order a, c, n; U `[hidden, 2 hidden]` in the order a, c.
 * State and output: h. Traces: neuromodulation (a), keep (c), candidate. Places of norm: gates (a and c together) and
 * candidate.
 */
export const nBrc = defineCell({
  name: "nBrc",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden], { initializer: glorotUniform }),
    b: bias([3 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const [W1, Wn] = [sliceAxis(W, 1, 0, 2 * hidden), sliceAxis(W, 1, 2 * hidden, 3 * hidden)];
    const [b1, bn] = [sliceAxis(b, 0, 0, 2 * hidden), sliceAxis(b, 0, 2 * hidden, 3 * hidden)];
    const [a1, c1] = split(norm("gates", [input("gates", x, W1), recurrent("gates", h, U), b1]), 2);
    const a = trace("neuromodulation", add(1, tanh(a1)));
    const c = trace("keep", sigmoid(c1));
    const n = trace("candidate", tanh(add(norm("candidate", [input("candidate", x, Wn), bn]), mul(a, h))));
    const next = add(mul(c, h), mul(sub(1, c), n));
    return { state: { h: next }, output: "h" };
  },
});
