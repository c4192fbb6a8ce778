import { bias, kernel, randomNormal, recurrentKernel } from "@sluice/params";
import { add, mul, tanh, TensorError } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";
import { symmetricToSkew } from "./matrices.ts";

/**
 * Lipschitz recurrent network, Euler steps of a linear part and a Lipschitz nonlinearity (Erichson et al. 2021,
 * arXiv:2006.12070):
 *
 *     A   = (1 - beta) (M + M^T) + beta (M - M^T) - gamma I
 *     U   = (1 - beta) (N + N^T) + beta (N - N^T) - gamma I
 *     h_t = h_{t-1} + epsilon (h_{t-1} A + tanh(x_t W + h_{t-1} U + b))
 *
 * beta goes from symmetric (0) to antisymmetric (1) matrices. The paper's M_A and M_W are the transposes of M and N,
 * and its W and U are our U and W. The paper also has a second scheme, a Runge-Kutta step with two evaluations; this is
 * its first.
 *
 * Parameters: W `[input, hidden]`, M and N `[hidden, hidden]`, b `[hidden]`. M and N begin as N(0, (0.1 / hidden)^2),
 * as the authors' program draws them (erichson/LipschitzRNN). State and output: h. Trace: candidate. Places of norm:
 * gates. Options, with the authors' values for ordered MNIST as defaults: `beta` in [0, 1] (0.75) and `gamma` (0.001),
 * for both matrices as in the authors' code, and `epsilon`, the step (0.03). Throws a TensorError where beta is outside
 * [0, 1], gamma below 0 or epsilon not above 0.
 */
export const lipschitzRnn = defineCell({
  name: "lipschitzRnn",
  options: { beta: 0.75, gamma: 0.001, epsilon: 0.03 },
  params({ input, hidden }, { beta, gamma, epsilon }) {
    checkPositive("lipschitzRnn", { epsilon });
    checkNotNegative("lipschitzRnn", { gamma });
    if (!(beta >= 0 && beta <= 1)) throw new TensorError(`lipschitzRnn: beta must lie in [0, 1], got ${String(beta)}`);
    const initializer = randomNormal({ deviation: 0.1 / hidden });
    return {
      W: kernel([input, hidden]),
      M: recurrentKernel([hidden, hidden], { initializer }),
      N: recurrentKernel([hidden, hidden], { initializer }),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, M, N, b }, { h }, x, { norm, trace, input, recurrent, beta, gamma, epsilon }) {
    const [A, U] = [symmetricToSkew(M, beta, gamma), symmetricToSkew(N, beta, gamma)];
    const n = trace("candidate", tanh(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b])));
    return { state: { h: add(h, mul(epsilon, add(recurrent("linear", h, A), n))) }, output: "h" };
  },
});
