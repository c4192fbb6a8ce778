import { add, mul, split, tensor, type ArrayTensor } from "@sluice/tensor";
import { activationOf, type Activation } from "../options/activations.ts";
import { defineCell } from "../definition/define-cell.ts";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { biasesOf, given, type Biases } from "./biases.ts";

/**
 * Long short-term memory (Hochreiter, Schmidhuber 1997; forget gate: Gers et al. 2000):
 *
 *     i, f, g, o = split(x_t W + h_{t-1} U + b)
 *     c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
 *     h_t = sigmoid(o) tanh(c_t)
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` (and bh with two biases), gates in
 * PyTorch's order i, f, g, o. States: h, c; output: h. Traces: input, forget, candidate, output. Places of norm: gates,
 * cell. Options: `activation` (default tanh), `recurrentActivation` (default sigmoid), `biases` 0, 1 (default) or 2,
 * and `forgetBias`, which is added to the initial bias of the forget gate (default 1: Jozefowicz et al. 2015; 0 is
 * PyTorch's).
 */
export const lstm = defineCell({
  name: "lstm",
  options: {
    activation: "tanh" as Activation,
    recurrentActivation: "sigmoid" as Activation,
    biases: 1 as Biases,
    forgetBias: 1,
  },
  params: ({ input, hidden }, { biases, forgetBias }) => ({
    W: kernel([input, 4 * hidden]),
    U: recurrentKernel([hidden, 4 * hidden]),
    ...biasesOf(
      biases,
      bias([4 * hidden], { adjust: (b) => raise(b, hidden, 2 * hidden, forgetBias) }),
      bias([4 * hidden]),
    ),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, bh }, { h, c }, x, { norm, trace, input, recurrent, activation, recurrentActivation }) {
    const [f1, s] = [activationOf(activation), activationOf(recurrentActivation)];
    const [a1, a2, a3, a4] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), ...given(b, bh)]), 4);
    const i = trace("input", s(a1));
    const f = trace("forget", s(a2));
    const g = trace("candidate", f1(a3));
    const o = trace("output", s(a4));
    const nextC = add(mul(f, c), mul(i, g));
    const nextH = mul(o, f1(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});

/** `x` with `by` added to elements `start` to `stop - 1`. */
function raise(x: ArrayTensor, start: number, stop: number, by: number): ArrayTensor {
  return tensor(
    x.data.map((value, i) => (i >= start && i < stop ? value + by : value)),
    x.shape,
  );
}
