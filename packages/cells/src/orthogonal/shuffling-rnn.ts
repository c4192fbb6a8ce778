import { bias, kernel } from "@sluice/params";
import { add, concat, mul, relu, sigmoid, sliceAxis, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";

/**
 * Shuffling recurrent network: the state is shifted by one unit, round about, and what a network makes of the input is
 * added (Rotman and Wolf 2021, arXiv:2007.07324):
 *
 *     y_t = f(x_t)                                        f: layers with relu, and a linear one
 *     h_t = relu(P h_{t-1} + y_t sigmoid(x_t W_g + b_g))  (P h)_1 = h_n, (P h)_i = h_{i-1}
 *
 * The paper's P is any permutation; this one is its authors'. Nothing that is trained multiplies the state.
 *
 * Parameters: network, a list of layers of W and b, from the input to each of the `widths` and to hidden; Wg `[input,
 * hidden]`, bg `[hidden]`. State and output: h. Traces: gate, candidate (y_t). Places of norm: gate and candidate (the
 * last layer). Options: `widths` of the layers of f that have relu (default [64], the authors'; [] makes f linear),
 * `activation` (default relu). Throws a TensorError where a width is not an integer of at least 1. Recurrent dropout
 * needs a product with a matrix, so this cell refuses it.
 */
export const shufflingRnn = defineCell({
  name: "shufflingRnn",
  options: { widths: [64] as readonly number[], activation: "relu" as Activation },
  params({ input, hidden }, { widths }) {
    if (!widths.every((width) => Number.isSafeInteger(width) && width >= 1))
      throw new TensorError(`shufflingRnn: widths must be integers of at least 1, got ${widths.join(", ")}`);
    const inputs = [input, ...widths];
    return {
      network: [...widths, hidden].map((width, i) => ({ W: kernel([inputs[i] ?? 0, width]), b: bias([width]) })),
      Wg: kernel([input, hidden]),
      bg: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ network, Wg, bg }, { h }, x, { sizes, norm, trace, input, activation }) {
    const { hidden } = sizes;
    const last = network.length - 1;
    const y = network.reduce((given, { W, b }, i) => {
      const product = input(`network.${i}`, given, W, { gates: 1, source: `network.${i}` });
      return i < last ? relu(add(product, b)) : trace("candidate", norm("candidate", [product, b]));
    }, x);
    const gate = trace("gate", sigmoid(norm("gate", [input("gate", x, Wg), bg])));
    const shifted = concat([sliceAxis(h, 1, hidden - 1, hidden), sliceAxis(h, 1, 0, hidden - 1)], 1);
    return { state: { h: activationOf(activation)(add(shifted, mul(y, gate))) }, output: "h" };
  },
});
