import { bias, kernel, parameter, randomUniform, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sub, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";

/**
 * UnICORNN, undamped, independent, controlled oscillators (Rusch and Mishra 2021, arXiv:2103.05487). y is where the
 * oscillators are, z how fast they move, and each has a step of its own that is learned:
 *
 *     d   = dt sigmoid(c)                       the paper writes 0.5 + 0.5 tanh(c / 2)
 *     z_t = z_{t-1} - d (tanh(x_t W + u y_{t-1} + b) + alpha y_{t-1})
 *     y_t = y_{t-1} + d z_t
 *
 * The units of a layer do not meet: u y is by elements. Stacked layers (`sequential`) are the paper's network; it adds
 * residual connections to deep ones.
 *
 * Parameters: W `[input, hidden]`, u, c and b `[hidden]`; the paper calls them V, w, c, b. u begins uniform on [0, 1),
 * c within +-0.1, W within +-sqrt(6 / (65 input)), as in the authors' code (tk-rusch/unicornn). States: y, z; the
 * output is y. Trace: candidate. Place of norm: gates. Options: `dt` (default 0.1) and `alpha` (default 0), which the
 * paper tunes for each task. Throws a TensorError unless dt > 0 and alpha >= 0. Recurrent dropout needs a product with
 * a matrix, so this cell refuses it.
 */
export const unicornn = defineCell({
  name: "unicornn",
  options: { dt: 0.1, alpha: 0 },
  params({ input, hidden }, { dt, alpha }) {
    checkPositive("unicornn", { dt });
    checkNotNegative("unicornn", { alpha });
    const limit = Math.sqrt(6 / (65 * input));
    return {
      W: kernel([input, hidden], { initializer: randomUniform({ low: -limit, high: limit }) }),
      u: recurrentKernel([hidden], { initializer: randomUniform({ low: 0, high: 1 }) }),
      c: parameter([hidden], { initializer: randomUniform({ low: -0.1, high: 0.1 }) }),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ y: [hidden], z: [hidden] }),
  step({ W, u, c, b }, { y, z }, x, { norm, trace, input, dt, alpha }) {
    const d = mul(dt, sigmoid(c));
    const n = trace("candidate", tanh(norm("gates", [input("gates", x, W), mul(u, y), b])));
    const nextZ = sub(z, mul(d, add(n, mul(alpha, y))));
    return { state: { y: add(y, mul(d, nextZ)), z: nextZ }, output: "y" };
  },
});
