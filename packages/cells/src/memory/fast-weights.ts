import { layerNorm } from "@sluice/norm";
import { kernel, ones, parameter, randomUniform, recurrentKernel, scaledIdentity } from "@sluice/params";
import { add, mul, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { outer, read } from "./heads.ts";

const normalizer = layerNorm();

/**
 * A recurrent network with fast weights, which are a memory of its recent states (Ba et al. 2016, arXiv:1610.06258),
 * with rows for the paper's columns:
 *
 *     A_t = lambda A_{t-1} + eta h_{t-1}' h_{t-1}
 *     z = x_t W + h_{t-1} U                                    W is the paper's C, and U its W
 *     s_0 = f(z)
 *     s_{j+1} = f(LN(z + s_j A_t))                             for j = 0 ... iterations - 1
 *     h_t = s_iterations
 *
 * LN is layer normalization with a gain and an offset, which all iterations share. There is no other bias.
 *
 * Options: `iterations` of the inner loop (the paper's S, default 1), `decay` (lambda, from 0 to 1, default 0.95),
 * `rate` (eta, default 0.5), `activation` (f, default relu), `layerNormalized` (default true; false leaves LN out).
 * `norm` normalizes z besides.
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, gain and offset `[hidden]`. W begins uniform within +-1 /
 * sqrt(hidden), as in the paper's appendix A.1, and U with 0.05 times the identity. States: h `[hidden]`, A `[hidden,
 * hidden]`. Output: h. Trace: before (s_0). Place of norm: gates.
 */
export const fastWeights = defineCell({
  name: "fastWeights",
  options: { iterations: 1, decay: 0.95, rate: 0.5, activation: "relu" as Activation, layerNormalized: true },
  params({ input, hidden }, { iterations, decay, rate, layerNormalized }) {
    if (!(Number.isInteger(iterations) && iterations >= 1))
      throw new TensorError(`fastWeights: iterations must be an integer >= 1, got ${String(iterations)}`);
    if (!(decay >= 0 && decay <= 1))
      throw new TensorError(`fastWeights: decay must be from 0 to 1, got ${String(decay)}`);
    if (!(rate > 0 && rate < Infinity))
      throw new TensorError(`fastWeights: rate must be a finite number above 0, got ${String(rate)}`);
    const high = 1 / Math.sqrt(hidden);
    return {
      W: kernel([input, hidden], { initializer: randomUniform({ low: -high, high }) }),
      U: recurrentKernel([hidden, hidden], { initializer: scaledIdentity(0.05) }),
      ...(layerNormalized
        ? {
            gain: parameter([hidden], { role: "norm", initializer: ones }),
            offset: parameter([hidden], { role: "norm" }),
          }
        : {}),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], A: [hidden, hidden] }),
  step({ W, U, gain, offset }, { h, A }, x, { norm, trace, input, recurrent, iterations, decay, rate, activation }) {
    const f = activationOf(activation);
    const nextA = add(mul(decay, A), mul(rate, outer(h, h)));
    const z = norm("gates", [input("gates", x, W), recurrent("gates", h, U)]);
    let s = trace("before", f(z));
    for (let j = 0; j < iterations; j++) {
      const y = add(z, read(s, nextA));
      s = f(gain === undefined || offset === undefined ? y : normalizer.apply({ gain, bias: offset }, y));
    }
    return { state: { h: s, A: nextA }, output: "h" };
  },
});
