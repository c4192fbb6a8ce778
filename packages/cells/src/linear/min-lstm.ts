import { bias, kernel } from "@sluice/params";
import { logSigmoid, mul, sigmoid, split, sub } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { positive } from "./positive.ts";

/**
 * Minimal long short-term memory (Feng et al. 2024, "Were RNNs All We Needed?", arXiv:2410.01201, section 3.2 and
 * appendix B): an LSTM whose gates look at the input alone, and are divided by their sum.
 *
 *     f_t = sigmoid(x_t W_f + b_f)
 *     i_t = sigmoid(x_t W_i + b_i)
 *     n_t = g(x_t W_n + b_n)             g(x) = x + 1/2 for x >= 0, sigmoid(x) below
 *     f'_t = f_t / (f_t + i_t)           = sigmoid(log f_t - log i_t), which is how it is computed
 *     i'_t = i_t / (f_t + i_t)           = 1 - f'_t
 *     h_t = f'_t h_{t-1} + i'_t n_t
 *
 * The state enters as it is. The parallel form of the paper's appendix and of minGRU-pytorch sends the initial state
 * through g; their step by step form does not. Parameters: W `[input, 3 hidden]`, b `[3 hidden]`, gates in the order f,
 * i, n. State and output: h. Traces: forget (f'), input (i'), candidate. Place of norm: gates. Option: `activation`,
 * by default the paper's g; `"linear"` is the form of its section 3.2.
 */
export const minLstm = defineAssociativeCell({
  name: "minLstm",
  options: { activation: positive as Activation },
  params: ({ input, hidden }) => ({ W: kernel([input, 3 * hidden]), b: bias([3 * hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  recurrence: linearRecurrence("h"),
  elements({ W, b }, x, { norm, trace, input, activation }) {
    const [f1, i1, n1] = split(norm("gates", [input("gates", x, W), b]), 3);
    const f = trace("forget", sigmoid(sub(logSigmoid(f1), logSigmoid(i1))));
    const i = trace("input", sub(1, f));
    const n = trace("candidate", activationOf(activation)(n1));
    return { a: f, b: mul(i, n) };
  },
});
