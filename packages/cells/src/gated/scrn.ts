import { kernel, recurrentKernel } from "@sluice/params";
import { add, concat, mul, sigmoid, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";

/**
 * Structurally constrained recurrent network: a simple recurrent network with context units that change slowly (Mikolov
 * et al. 2014, arXiv:1412.7753):
 *
 *     s_t = (1 - alpha) x_t B + alpha s_{t-1}
 *     h_t = sigmoid(s_t P + x_t A + h_{t-1} R)
 *
 * The output is `[h_t, s_t]`, `[batch, hidden + context]`: a `dense` layer of it is the paper's readout `h_t U + s_t
 * V`. Parameters, without biases: A `[input, hidden]`, B `[input, context]`, P `[context, hidden]`, R `[hidden,
 * hidden]`. States: h `[hidden]`, s `[context]`. Trace: context. Place of norm: hidden. Options: `alpha` (default 0.95,
 * the paper's), `context` (how many context units, default as many as hidden; the paper has 10 to 100). In the authors'
 * code (facebookarchive/SCRNNs) h_t reads s_{t-1}. Torchrecurrent's SCRN is another network: its output recurs. Throws
 * a TensorError if alpha is not in [0, 1).
 */
export const scrn = defineCell({
  name: "scrn",
  options: { alpha: 0.95, context: undefined as number | undefined },
  params({ input, hidden }, { alpha, context = hidden }) {
    if (!(alpha >= 0 && alpha < 1))
      throw new TensorError(
        `scrn: alpha must lie in [0, 1), got ${String(alpha)}; it is how much context a step keeps`,
      );
    checkSize("scrn", "context", context);
    return {
      A: kernel([input, hidden]),
      B: kernel([input, context]),
      P: recurrentKernel([context, hidden]),
      R: recurrentKernel([hidden, hidden]),
    };
  },
  state: ({ hidden }, { context = hidden }) => ({ h: [hidden], s: [context] }),
  step({ A, B, P, R }, { h, s }, x, { norm, trace, input, recurrent, alpha }) {
    const nextS = trace("context", add(mul(1 - alpha, input("context", x, B, { gates: 1 })), mul(alpha, s)));
    const sP = recurrent("context", nextS, P, { source: "context" });
    const nextH = sigmoid(norm("hidden", [sP, input("hidden", x, A), recurrent("hidden", h, R)]));
    return { state: { h: nextH, s: nextS }, output: concat([nextH, nextS], 1) };
  },
});
