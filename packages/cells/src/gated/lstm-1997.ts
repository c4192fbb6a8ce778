import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";

/** 4 sigmoid(x) - 2, from -2 to 2: the paper's g. */
const g = (x: Tensor): Tensor => sub(mul(4, sigmoid(x)), 2);
/** 2 sigmoid(x) - 1, from -1 to 1: the paper's h. */
const h = (x: Tensor): Tensor => sub(mul(2, sigmoid(x)), 1);

/**
 * The first long short-term memory, which has no forget gate (Hochreiter and Schmidhuber 1997,
 * doi:10.1162/neco.1997.9.8.1735):
 *
 *     i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)
 *     o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)
 *     c_t = c_{t-1} + i_t g(x_t W_c + h_{t-1} U_c + b_c)
 *     h_t = o_t h(c_t)
 *     g(x) = 4 sigmoid(x) - 2,  h(x) = 2 sigmoid(x) - 1
 *
 * Each memory block has one cell here, and gates read the outputs of all cells, not those of other gates. The gradient
 * is the full one; the paper cuts it off where it leaves a cell. {@link lstm} is the usual one, with a forget gate.
 *
 * Parameters: W `[input, 3 hidden]`, U `[hidden, 3 hidden]`, b `[3 hidden]`, in the order i, c, o. States: h, c;
 * output: h. Traces: input, candidate, output. Places of norm: gates, cell.
 *
 * Options: `activation` in the place of g and `outputActivation` in the place of h. torchrecurrent has tanh for both.
 */
export const lstm1997 = defineCell({
  name: "lstm1997",
  options: { activation: g as Activation, outputActivation: h as Activation },
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 3 * hidden]),
    b: bias([3 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b }, state, x, { norm, trace, input, recurrent, activation, outputActivation }) {
    const products = [input("gates", x, W), recurrent("gates", state.h, U)];
    const [i1, c1, o1] = split(norm("gates", [...products, b]), 3);
    const i = trace("input", sigmoid(i1));
    const n = trace("candidate", activationOf(activation)(c1));
    const o = trace("output", sigmoid(o1));
    const nextC = add(state.c, mul(i, n));
    const nextH = mul(o, activationOf(outputActivation)(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});
