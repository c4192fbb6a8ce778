import { defineCell } from "@sluice/cells";
import { bias, constant, glorotUniform, parameter } from "@sluice/params";
import { add, concat, matmul, mul, sub, tanh } from "@sluice/tensor";

/**
 * The cell behind the published figure of RNN-decay, `VanillaRNN` of node_cell.py at dc63cb3 of
 * github.com/mlech26l/learning-long-term-irregular-ts. It is not that of Rubanova et al. 2019: its state passes through
 * a layer of tanh units and a linear one, and falls by the same amount per unit of time, whatever it holds.
 *
 *     y   = tanh([x_t, h_{t-1}] W + b)
 *     h_t = y V + c - delta_t tau
 *
 * It reads `extra.elapsed` `[batch, time, 1]`. W `[input + hidden, hidden]`, V `[hidden, hidden]`, tau `[hidden]`,
 * initially 0.1.
 */
export const authorsRnnDecay = defineCell({
  name: "authorsRnnDecay",
  options: {},
  extra: () => ({ elapsed: { shape: [1], values: "nonNegative" } }),
  params: ({ input, hidden }) => ({
    W: parameter([input + hidden, hidden], { role: "recurrent", initializer: glorotUniform }),
    b: bias([hidden]),
    V: parameter([hidden, hidden], { role: "recurrent", initializer: glorotUniform }),
    c: bias([hidden]),
    tau: parameter([hidden], { initializer: constant(0.1) }),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, b, V, c, tau }, { h }, x, { extra }) {
    const y = tanh(add(matmul(concat([x, h], -1), W), b));
    const next = sub(add(matmul(y, V), c), mul(extra.elapsed, tau));
    return { state: { h: next }, output: "h" };
  },
});
