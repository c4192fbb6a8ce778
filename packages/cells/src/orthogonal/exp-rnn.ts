import {
  bias,
  exponentialParametrization,
  heNormal,
  kernel,
  planeRotations,
  randomUniform,
  recurrentKernel,
  reparametrized,
} from "@sluice/params";
import { defineCell } from "../definition/define-cell.ts";
import { modRelu } from "./mod-relu.ts";

/**
 * expRNN, with an orthogonal recurrent matrix by the matrix exponential (Lezcano-Casado and Martinez-Rubio 2019,
 * arXiv:1901.08428):
 *
 *     U^T = exp(A)                        A^T = -A
 *     z_t = x_t W + h_{t-1} U
 *     h_t = sign(z_t) relu(|z_t| + b)     modReLU
 *
 * U is the transpose because our weights act from the right.
 *
 * Parameters: W `[input, hidden]`, U.skew `[hidden (hidden - 1) / 2]`, the numbers of A below its diagonal (see
 * `exponentialParametrization`), b `[hidden]`. U begins as turns of planes by angles uniform on [-pi, pi), one of the
 * paper's two initializations (Henaff's). W begins as He's normal, b uniform within +-0.01, as in the authors' code
 * (Lezcano/expRNN), whose normal is not truncated. State and output: h. Place of norm: gates, without b. Throws a
 * TensorError for fewer than two units.
 */
export const expRnn = defineCell({
  name: "expRnn",
  params({ input, hidden }) {
    const U = recurrentKernel([hidden, hidden], { initializer: planeRotations() });
    return {
      W: kernel([input, hidden], { initializer: heNormal }),
      U: reparametrized(U, exponentialParametrization()),
      b: bias([hidden], { initializer: randomUniform({ low: -0.01, high: 0.01 }) }),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, input, recurrent }) {
    const z = norm("gates", [input("gates", x, W), recurrent("gates", h, U)]);
    return { state: { h: modRelu(z, b) }, output: "h" };
  },
});
