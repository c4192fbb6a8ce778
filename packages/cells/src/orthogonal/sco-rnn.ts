import {
  bias,
  cayleyParametrization,
  kernel,
  planeRotations,
  randomUniform,
  recurrentKernel,
  reparametrized,
} from "@sluice/params";
import { TensorError, type ArrayTensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { modRelu } from "./mod-relu.ts";

/**
 * scoRNN, with an orthogonal recurrent matrix by the scaled Cayley transform (Helfrich et al. 2018, arXiv:1707.09520):
 *
 *     U^T = (I + A)^-1 (I - A) D          A^T = -A; D diagonal, its last `negative` numbers -1, the others 1
 *     z_t = x_t W + h_{t-1} U
 *     h_t = sign(z_t) relu(|z_t| + b)     modReLU
 *
 * U is the transpose because our weights act from the right. It is orthogonal whatever the parameters, so gradients
 * pass it unchanged in length; only modReLU shortens them.
 *
 * Parameters: W `[input, hidden]`, U.skew `[hidden (hidden - 1) / 2]`, the numbers of A below its diagonal (see
 * `cayleyParametrization`), b `[hidden]`. U begins as D times turns of planes by angles uniform on [0, pi / 2), b
 * uniform within +-0.01. (The authors' code, SpartinStuff/scoRNN, has zeros for b and +-0.01 for W, and its U is `(I +
 * A)^-1 (I - A) D` from the right.) State and output: h. Place of norm: gates, without b. Option: `negative`, the
 * paper's rho, an integer from 0 to hidden (default half of hidden, rounded down), to be tuned for each task. Throws a
 * TensorError for another number, and for fewer than two units.
 */
export const scoRnn = defineCell({
  name: "scoRnn",
  options: { negative: undefined as number | undefined },
  params({ input, hidden }, { negative = Math.floor(hidden / 2) }) {
    if (!Number.isInteger(negative) || negative < 0 || negative > hidden)
      throw new TensorError(`scoRnn: negative must be an integer from 0 to ${hidden}, got ${String(negative)}`);
    const U = recurrentKernel([hidden, hidden], {
      initializer: planeRotations({ low: 0, high: Math.PI / 2 }),
      adjust: (turns) => withNegativeRows(turns, hidden, negative),
    });
    return {
      W: kernel([input, hidden]),
      U: reparametrized(U, cayleyParametrization({ negative })),
      b: bias([hidden], { initializer: randomUniform({ low: -0.01, high: 0.01 }) }),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, input, recurrent }) {
    const z = norm("gates", [input("gates", x, W), recurrent("gates", h, U)]);
    return { state: { h: modRelu(z, b) }, output: "h" };
  },
});

/** D times a matrix. */
function withNegativeRows(matrix: ArrayTensor, rows: number, negative: number): ArrayTensor {
  const data = Float64Array.from(matrix.data, (v, k) => (Math.floor(k / rows) < rows - negative ? v : -v));
  return { ...matrix, dtype: "f64", data };
}
