import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, sub, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";
import { raised } from "./biases.ts";

/**
 * Recurrent highway network (Zilly et al. 2016, arXiv:1607.03474): each step goes through several highway layers, of
 * which the first reads the input.
 *
 *     s_0 = y_{t-1}
 *     for l = 1, ..., depth, with x_t W for l = 1 only:
 *       h_l = tanh(x_t W_h + s_{l-1} U_h,l + b_h,l)
 *       t_l = sigmoid(x_t W_t + s_{l-1} U_t,l + b_t,l)
 *       c_l = sigmoid(x_t W_c + s_{l-1} U_c,l + b_c,l)       or 1 - t_l, if coupled
 *       s_l = h_l t_l + s_{l-1} c_l
 *     y_t = s_depth
 *
 * Parameters: W `[input, 3 hidden]`, and for each layer, from 0 on, `layers.0.U` `[hidden, 3 hidden]` and `layers.0.b`
 * `[3 hidden]`, in the order h, t, c; coupled, without c, 2 hidden. State and output: s. Traces of each layer:
 * candidate0 (h), transform0 (t) and, if not coupled, carry0 (c). Places of norm: gates0, ...
 *
 * Options:
 * - `depth`: layers in a step. Default 4. Throws a TensorError if it is not an integer of 1 or more.
 * - `coupled`: whether c is 1 - t, as in the paper's experiments. Default true.
 * - `transformBias`: added to the initial b_t. Default -2, so that the state is mostly carried at first. The authors'
 *   code (jzilly/RecurrentHighwayNetworks) has it on Penn Treebank, and -4 on enwik8.
 */
export const rhn = defineCell({
  name: "rhn",
  options: { depth: 4, coupled: true, transformBias: -2 },
  params({ input, hidden }, { depth, coupled, transformBias }) {
    checkSize("rhn", "depth", depth);
    const width = (coupled ? 2 : 3) * hidden;
    const layer = {
      U: recurrentKernel([hidden, width]),
      b: bias([width], { adjust: raised({ from: hidden, to: 2 * hidden, by: transformBias }) }),
    };
    return { W: kernel([input, width]), layers: Array.from({ length: depth }, () => layer) };
  },
  state: ({ hidden }) => ({ s: [hidden] }),
  step({ W, layers }, { s: before }, x, { sizes: { hidden }, norm, trace, input, recurrent, coupled }) {
    const next = layers.reduce((s, { U, b }, l) => {
      const place = `gates${l}`;
      const ofInput = l === 0 ? [input(place, x, W)] : [];
      const gates = norm(place, [...ofInput, recurrent(place, s, U), b]);
      const gate = (index: number): Tensor => sliceAxis(gates, 1, index * hidden, (index + 1) * hidden);
      const h = trace(`candidate${l}`, tanh(gate(0)));
      const t = trace(`transform${l}`, sigmoid(gate(1)));
      const c = coupled ? sub(1, t) : trace(`carry${l}`, sigmoid(gate(2)));
      return add(mul(h, t), mul(s, c));
    }, before);
    return { state: { s: next }, output: "s" };
  },
});
