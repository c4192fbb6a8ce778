import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { elapsedTime } from "./elapsed.ts";
import { perceptron, perceptronSpecs } from "./perceptron.ts";
import { checkSolver, solveOde, type OdeMethod } from "./solvers.ts";

/**
 * ODE-LSTM (Lechner and Hasani 2020, arXiv:2006.04418): an LSTM whose output state evolves by an ordinary differential
 * equation, while the elapsed time does not touch the memory, so that gradients reach far back:
 *
 *     i, f, g, o = split(x_t W + h_{t-1} U + b)
 *     c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
 *     h'  = sigmoid(o) tanh(c_t)
 *     h_t = ODESolve(field, h', dt)                  field(h) = tanh(h W_0 + b_0) W_1 + b_1
 *
 * The field is that of the authors' PyTorch code (mlech26l/ode-lstms). Their TensorFlow code has another: it reads h',
 * and the ODE begins at h_{t-1}. Besides x it reads `extra.elapsed` `[batch, time, 1]`, the time dt since the previous
 * step. Options: `method` "euler", "midpoint" or "rk4" (default) and `steps`, how many it takes whatever the time that
 * passes (default 3, as the authors' solver). Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`
 * in the order of `lstm`, i, f, g, o; ode.0.W, ode.1.W `[hidden, hidden]`, ode.0.b, ode.1.b `[hidden]`. States: h, c;
 * output: h. Traces: input, forget, candidate, output. Places of norm: gates, cell. Dropout does not act within the
 * field.
 */
export const odeLstm = defineCell({
  name: "odeLstm",
  options: { method: "rk4" as OdeMethod, steps: 3 },
  extra: () => elapsedTime,
  params({ input, hidden }, solver) {
    checkSolver("odeLstm", solver);
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden]),
      ode: perceptronSpecs([hidden, hidden, hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, ode }, { h, c }, x, { norm, trace, input, recurrent, extra, method, steps }) {
    const [a1, a2, a3, a4] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 4);
    const i = trace("input", sigmoid(a1));
    const f = trace("forget", sigmoid(a2));
    const g = trace("candidate", tanh(a3));
    const o = trace("output", sigmoid(a4));
    const nextC = add(mul(f, c), mul(i, g));
    const begin = mul(o, tanh(norm("cell", nextC)));
    const nextH = solveOde((y) => perceptron(ode, y, tanh), begin, extra.elapsed, { method, steps });
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});
