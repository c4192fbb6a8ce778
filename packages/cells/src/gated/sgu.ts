import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, softplus, split, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { biasesOf, given, halves, type Biases } from "./biases.ts";
import { theanoHardSigmoid } from "./hard-sigmoid.ts";

/**
 * Simple gated unit: a multiplicative gate of input and state shapes the candidate (Gao, Glowacka 2016,
 * arXiv:1604.02910):
 *
 *     g_t = tanh(((x_t W_g + b_g) h_{t-1}) U_g + bh_g)
 *     n_t = softplus(g_t h_{t-1})
 *     z_t = hard(x_t W_z + h_{t-1} U_z + b_z + bh_z)
 *     h_t = (1 - z_t) h_{t-1} + z_t n_t
 *
 * hard is Theano's hard sigmoid, `min(max(0.2 x + 0.5, 0), 1)`; torchrecurrent's SGU has PyTorch's, of slope 1/6, which
 * is `recurrentActivation: "hardSigmoid"`. Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b and bh
 * `[2 hidden]`, in the order g, z. State and output: h. Traces: gate (g), candidate, update. Places of norm: content (x
 * W_g), gate, update. Options: `recurrentActivation` (hard), `biases` 0, 1 (b, the default) or 2 (b and bh).
 */
export const sgu = defineCell({
  name: "sgu",
  options: { recurrentActivation: theanoHardSigmoid as Activation, biases: 1 as Biases },
  params: ({ input, hidden }, { biases }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    ...biasesOf(biases, bias([2 * hidden])),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x, { norm, trace, input, recurrent, recurrentActivation }) {
    const [xg, xz] = split(input("gates", x, W), 2);
    const [Ug, Uz] = split(U, 2);
    const [bg, bz] = halves(b);
    const [bhg, bhz] = halves(bh);

    const content = mul(norm("content", [xg, ...given(bg)]), h);
    const hUg = recurrent("gate", content, Ug, { source: "content" });
    const g = trace("gate", tanh(norm("gate", [hUg, ...given(bhg)])));
    const n = trace("candidate", softplus(mul(g, h)));
    const preactivation = norm("update", [xz, recurrent("update", h, Uz), ...given(bz, bhz)]);
    const z = trace("update", activationOf(recurrentActivation)(preactivation));
    const next = add(mul(sub(1, z), h), mul(z, n));
    return { state: { h: next }, output: "h" };
  },
});
