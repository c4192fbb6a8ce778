import { bias, kernel, ones, parameter } from "@sluice/params";
import { add, mul, sigmoid, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Bistable recurrent cell (Vecoven et al. 2021, doi:10.1371/journal.pone.0252676). Each unit reads
 * its own state alone. Without input, a unit has two stable states where a is above 1, and forgets where a is below 1.
 *
 *     a_t = 1 + tanh(x_t W_a + u_a h_{t-1} + b_a)
 *     c_t = sigmoid(x_t W_c + u_c h_{t-1} + b_c)
 *     n_t = tanh(x_t W_n + a_t h_{t-1} + b_n)
 *     h_t = c_t h_{t-1} + (1 - c_t) n_t
 *
 * Products with u, a and c are by elements. c keeps the old state. u begins as ones, as in the authors' code, which has
 * no b_n. {@link nBrc} has matrices in the place of u.
 *
 * Parameters: W `[input, 3 hidden]` and b `[3 hidden]` in the order a, c, n; u `[2 hidden]` in the order a, c. State
 * and output: h. Traces: neuromodulation (a), keep (c), candidate. Place of norm: gates, the part of the three that
 * comes from the input. There is no recurrent product, so recurrent dropout is an error.
 */
export const brc = defineCell({
  name: "brc",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    u: parameter([2 * hidden], { role: "recurrent", initializer: ones }),
    b: bias([3 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, u, b }, { h }, x, { norm, trace, input }) {
    const [a1, c1, n1] = split(norm("gates", [input("gates", x, W), b]), 3);
    const [ua, uc] = split(u, 2);
    const a = trace("neuromodulation", add(1, tanh(add(a1, mul(ua, h)))));
    const c = trace("keep", sigmoid(add(c1, mul(uc, h))));
    const n = trace("candidate", tanh(add(n1, mul(a, h))));
    const next = add(mul(c, h), mul(sub(1, c), n));
    return { state: { h: next }, output: "h" };
  },
});
