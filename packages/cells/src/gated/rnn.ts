import { activationOf, type Activation } from "../options/activations.ts";
import { defineCell } from "../definition/define-cell.ts";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { biasesOf, given, type Biases } from "./biases.ts";

/**
 * The simple recurrent network (Elman 1990):
 *
 *     h_t = tanh(x_t W + h_{t-1} U + b)
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b `[hidden]` (and bh with two biases). State and output: h.
 * Options: `activation` (default tanh; `"relu"` with `recurrentInitializer: identity` is an IRNN), `biases` 0, 1
 * (default) or 2.
 */
export const rnn = defineCell({
  name: "rnn",
  options: { activation: "tanh" as Activation, biases: 1 as Biases },
  params: ({ input, hidden }, { biases }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    ...biasesOf(biases, bias([hidden])),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x, { norm, input, recurrent, activation }) {
    const f = activationOf(activation);
    const next = f(norm("gates", [input("gates", x, W), recurrent("gates", h, U), ...given(b, bh)]));
    return { state: { h: next }, output: "h" };
  },
});
