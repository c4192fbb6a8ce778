import { bias, kernel, randomNormal, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";
import { antisymmetric } from "./matrices.ts";

/**
 * AntisymmetricRNN with gating (Chang et al. 2019, arXiv:1902.09689, equation 13). Gate and candidate share the
 * recurrent product:
 *
 *     A   = U - U^T - gamma I
 *     z_t = sigmoid(x_t W_z + h_{t-1} A + b_z)
 *     h_t = h_{t-1} + epsilon z_t tanh(x_t W_n + h_{t-1} A + b_n)
 *
 * Parameters: W `[input, 2 hidden]` and b `[2 hidden]` in the order z, n; U `[hidden, hidden]`. Initial weights,
 * options and their defaults are those of {@link antisymmetricRnn}. State and output: h. Traces: update, candidate.
 * Places of norm: update and candidate.
 *
 * In torchrecurrent the candidate alone has a second bias, bh. Its docstring has bh in the gate too.
 */
export const gatedAntisymmetricRnn = defineCell({
  name: "gatedAntisymmetricRnn",
  options: { epsilon: 0.1, gamma: 0.01 },
  params({ input, hidden }, { epsilon, gamma }) {
    checkPositive("gatedAntisymmetricRnn", { epsilon });
    checkNotNegative("gatedAntisymmetricRnn", { gamma });
    return {
      W: kernel([input, 2 * hidden], { initializer: randomNormal({ deviation: Math.sqrt(1 / input) }) }),
      U: recurrentKernel([hidden, hidden], { initializer: randomNormal({ deviation: Math.sqrt(1 / hidden) }) }),
      b: bias([2 * hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, epsilon, gamma }) {
    const [xW_z, xW_n] = split(input("gates", x, W), 2);
    const [b_z, b_n] = split(b, 2);
    const hA = recurrent("gates", h, antisymmetric(U, gamma));
    const z = trace("update", sigmoid(norm("update", [xW_z, hA, b_z])));
    const n = trace("candidate", tanh(norm("candidate", [xW_n, hA, b_n])));
    return { state: { h: add(h, mul(epsilon, mul(z, n))) }, output: "h" };
  },
});
