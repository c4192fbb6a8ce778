import { kernel, recurrentKernel, zeros } from "@sluice/params";
import {
  add,
  concat,
  div,
  equal,
  exp,
  max,
  min,
  mul,
  reshape,
  select,
  sigmoid,
  split,
  sub,
  tanh,
  type Tensor,
} from "@sluice/tensor";
import { axisSize } from "../cell/axes.ts";
import { defineCell } from "../definition/define-cell.ts";
import { checkForgetGate, logForget, openBias, type XlstmForgetGate } from "./forget-gate.ts";
import { headWidth } from "./heads.ts";

/**
 * The sLSTM of xLSTM: an LSTM with an exponential input gate, a normalizer and heads (Beck et al. 2024,
 * arXiv:2405.04517, section 2.2 and appendix A.2):
 *
 *     i~, f~, z~, o~ = split(x_t W + h_{t-1} U + b)            U is block-diagonal: one block for each head
 *     m_t = max(log f + m_{t-1}, i~)                           the stabilizer; f = sigmoid(f~) or exp(f~)
 *     i_t = exp(i~ - m_t)
 *     f_t = exp(log f + m_{t-1} - m_t)
 *     c_t = f_t c_{t-1} + i_t tanh(z~)
 *     n_t = f_t n_{t-1} + i_t                                  the normalizer: the sum of the weights in c_t
 *     h_t = sigmoid(o~) c_t / n_t
 *
 * c and n are kept divided by exp(m_t), so that no gate overflows; m_t cancels from h_t. Where n_{t-1} is 0 there is no
 * memory yet, and m_t = i~, as in the authors' code (xlstm 2.0.6): with m_0 = 0 a very negative i~ would give 0 / 0.
 * The normalization after the cell and the blocks around it are other layers, and not part of it.
 *
 * Options: `heads` (default 1) divides `hidden`; units of one head do not see those of another. `forgetGate` (default
 * `"sigmoid"`).
 *
 * Parameters: W `[input, 4 hidden]` and b `[4 hidden]` in the order i, f, z, o, and U, a list of one matrix `[width, 4
 * width]` for each head, in the same order, where width is hidden / heads. As in the authors' code U begins with
 * zeros, and b with zeros but for the forget gate: from 3 to 6 within each head. States: h, c, n, m `[hidden]`; n must
 * not be negative. Output: h. Traces: input and forget (divided by exp(m_t)), candidate, output. Place of norm: gates.
 */
export const sLstm = defineCell({
  name: "sLstm",
  options: { heads: 1, forgetGate: "sigmoid" as XlstmForgetGate },
  params(sizes, { heads, forgetGate }) {
    checkForgetGate("sLstm", forgetGate);
    const { input, hidden } = sizes;
    const width = headWidth("sLstm", heads, sizes);
    return {
      W: kernel([input, 4 * hidden]),
      U: Array.from({ length: heads }, () => recurrentKernel([width, 4 * width], { initializer: zeros })),
      b: openBias(4 * hidden, { start: hidden, stop: 2 * hidden, group: width }, zeros),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden], n: [hidden], m: [hidden] }),
  step({ W, U, b }, { h, c, n, m }, x, { norm, trace, input, recurrent, heads, forgetGate }) {
    const parts = split(h, heads);
    const hU = ofHeads(
      U.map((block, head) => {
        const name = `gates.${head}`;
        return recurrent(name, parts[head] ?? h, block, { gates: 4, source: name });
      }),
    );
    const [i1, f1, z1, o1] = split(norm("gates", [input("gates", x, W), hU, b]), 4);
    const z = trace("candidate", tanh(z1));
    const o = trace("output", sigmoid(o1));

    const kept = add(logForget(forgetGate, f1), m);
    const nextM = select(equal(n, 0), i1, max(kept, i1));
    const i = trace("input", exp(sub(i1, nextM)));
    const f = trace("forget", exp(min(sub(kept, nextM), 0)));
    const nextC = add(mul(f, c), mul(i, z));
    const nextN = add(mul(f, n), i);
    return { state: { h: mul(o, div(nextC, nextN)), c: nextC, n: nextN, m: nextM }, output: "h" };
  },
});

/** Products `[batch, 4 width]`, one for each head, as one `[batch, 4 hidden]` whose gates each have all heads. */
function ofHeads(products: readonly Tensor[]): Tensor {
  const gates = products.map((product) => reshape(product, [-1, 4, axisSize(product, -1) / 4]));
  const together = concat(gates, 2);
  return reshape(together, [-1, 4 * axisSize(together, 2)]);
}
