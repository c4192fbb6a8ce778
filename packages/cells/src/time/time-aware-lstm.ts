import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, div, log, mul, sigmoid, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { elapsedTime } from "./elapsed.ts";

/**
 * T-LSTM, the time-aware LSTM (Baytas et al. 2017, doi:10.1145/3097983.3097997). It takes the memory apart into a
 * short-term part, which the elapsed time discounts, and the rest, which stays:
 *
 *     cs  = tanh(c_{t-1} W_d + b_d)                   short-term memory
 *     c*  = (c_{t-1} - cs) + cs / log(e + dt)         after an elapsed time dt
 *     i, f, g, o = split(x_t W + h_{t-1} U + b)
 *     c_t = sigmoid(f) c* + sigmoid(i) tanh(g)
 *     h_t = sigmoid(o) tanh(c_t)
 *
 * Where no time has passed it is the LSTM. The authors' code (illidanlab/T-LSTM) rounds e to 2.7183, and all its biases
 * begin at 1. The paper's other discount, 1 / dt for small times, has no value at 0 and is not here. Besides x it reads
 * `extra.elapsed` `[batch, time, 1]`. Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` in the
 * order of `lstm`, i, f, g, o; Wd `[hidden, hidden]`, bd `[hidden]`. States: h, c; output: h. Traces: shortTerm, input,
 * forget, candidate, output. Places of norm: decomposition, gates, cell.
 */
export const timeAwareLstm = defineCell({
  name: "timeAwareLstm",
  extra: () => elapsedTime,
  params: ({ input, hidden }) => ({
    W: kernel([input, 4 * hidden]),
    U: recurrentKernel([hidden, 4 * hidden]),
    b: bias([4 * hidden]),
    Wd: recurrentKernel([hidden, hidden]),
    bd: bias([hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, Wd, bd }, { h, c }, x, { norm, trace, input, recurrent, extra }) {
    const decomposed = norm("decomposition", [recurrent("decomposition", c, Wd, { source: "memory" }), bd]);
    const cs = trace("shortTerm", tanh(decomposed));
    const adjusted = add(sub(c, cs), div(cs, log(add(extra.elapsed, Math.E))));
    const [a1, a2, a3, a4] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 4);
    const i = trace("input", sigmoid(a1));
    const f = trace("forget", sigmoid(a2));
    const g = trace("candidate", tanh(a3));
    const o = trace("output", sigmoid(a4));
    const nextC = add(mul(f, adjusted), mul(i, g));
    return { state: { h: mul(o, tanh(norm("cell", nextC))), c: nextC }, output: "h" };
  },
});
