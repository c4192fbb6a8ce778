import { bias, kernel, randomNormal, recurrentKernel } from "@sluice/params";
import { add, mul, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";
import { antisymmetric } from "./matrices.ts";

/**
 * AntisymmetricRNN, Euler steps of a stable differential equation (Chang et al. 2019, arXiv:1902.09689, equation 12):
 *
 *     A   = U - U^T - gamma I
 *     h_t = h_{t-1} + epsilon tanh(x_t W + h_{t-1} A + b)
 *
 * The eigenvalues of an antisymmetric matrix are imaginary, so that states neither grow nor vanish; the diffusion gamma
 * makes the step stable in turn.
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b `[hidden]`. W begins as N(0, 1 / input) and U as N(0, 1 /
 * hidden): the paper's sigma_w, which it chooses from 0 to 16, is 1 here. State and output: h. Trace: candidate. Place
 * of norm: gates. Options: `epsilon`, the step (default 0.1), and `gamma`, the diffusion (default 0.01). The paper
 * searches for both, epsilon in {0.01, 0.1, 1}. Throws a TensorError unless epsilon > 0 and gamma >= 0.
 *
 * Of U only `U - U^T` matters, which is half of its numbers. torchrecurrent's defaults are epsilon 1, gamma 0, and U
 * from N(0, 1).
 */
export const antisymmetricRnn = defineCell({
  name: "antisymmetricRnn",
  options: { epsilon: 0.1, gamma: 0.01 },
  params({ input, hidden }, { epsilon, gamma }) {
    checkPositive("antisymmetricRnn", { epsilon });
    checkNotNegative("antisymmetricRnn", { gamma });
    return {
      W: kernel([input, hidden], { initializer: randomNormal({ deviation: Math.sqrt(1 / input) }) }),
      U: recurrentKernel([hidden, hidden], { initializer: randomNormal({ deviation: Math.sqrt(1 / hidden) }) }),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, epsilon, gamma }) {
    const A = antisymmetric(U, gamma);
    const n = trace("candidate", tanh(norm("gates", [input("gates", x, W), recurrent("gates", h, A), b])));
    return { state: { h: add(h, mul(epsilon, n)) }, output: "h" };
  },
});
