import { bias, kernel, randomUniform, recurrentKernel } from "@sluice/params";
import { add, div, mul, sub, tanh, TensorError } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { checkNotNegative, checkPositive } from "./checks.ts";

/** Whether coRNN damps the velocity that it had (`explicit`) or the one that it gets (`implicit`). */
export type CoRnnDamping = "explicit" | "implicit";

/**
 * coRNN, a network of coupled, damped and driven oscillators (Rusch and Mishra 2021, arXiv:2010.00951). y is where the
 * oscillators are, z how fast they move:
 *
 *     z_t = z_{t-1} + dt (tanh(x_t W + y_{t-1} U + z_{t-1} V + b) - gamma y_{t-1} - epsilon z')
 *     y_t = y_{t-1} + dt z_t
 *
 * z' is z_{t-1} with explicit damping, as in the authors' code, and z_t with implicit damping; the paper has both.
 * Implicit damping is solved for z_t: `z_t = (z_{t-1} + dt (tanh(...) - gamma y_{t-1})) / (1 + dt epsilon)`.
 *
 * Parameters: W `[input, hidden]`, U and V `[hidden, hidden]`, b `[hidden]`. They begin uniform within +-1 / sqrt(input
 * + 2 hidden), PyTorch's default of the one matrix that the authors have for all three. States: y, z; the output is y.
 * Trace: candidate. Place of norm: gates. Options: `damping` (default explicit), and the paper's `dt` (default 0.042),
 * `gamma` (2.7) and `epsilon` (4.7), whose defaults are the authors' for sequential MNIST; tune them for each task.
 * Throws a TensorError unless dt > 0, and gamma and epsilon >= 0.
 */
export const coRnn = defineCell({
  name: "coRnn",
  options: { dt: 0.042, gamma: 2.7, epsilon: 4.7, damping: "explicit" as CoRnnDamping },
  params({ input, hidden }, { dt, gamma, epsilon, damping }) {
    checkPositive("coRnn", { dt });
    checkNotNegative("coRnn", { gamma, epsilon });
    if (damping !== "explicit" && damping !== "implicit")
      throw new TensorError(
        `coRnn: unknown damping ${String(damping)}; ${suggestion(String(damping), ["explicit", "implicit"])}`,
      );
    const limit = Math.sqrt(1 / (input + 2 * hidden));
    const initializer = randomUniform({ low: -limit, high: limit });
    return {
      W: kernel([input, hidden], { initializer }),
      U: recurrentKernel([hidden, hidden], { initializer }),
      V: recurrentKernel([hidden, hidden], { initializer }),
      b: bias([hidden], { initializer }),
    };
  },
  state: ({ hidden }) => ({ y: [hidden], z: [hidden] }),
  step({ W, U, V, b }, { y, z }, x, { norm, trace, input, recurrent, dt, gamma, epsilon, damping }) {
    const yU = recurrent("gates", y, U);
    const zV = recurrent("velocity", z, V, { source: "z" });
    const n = trace("candidate", tanh(norm("gates", [input("gates", x, W), yU, zV, b])));
    const force = sub(n, mul(gamma, y));
    const nextZ =
      damping === "explicit"
        ? add(z, mul(dt, sub(force, mul(epsilon, z))))
        : div(add(z, mul(dt, force)), 1 + dt * epsilon);
    return { state: { y: add(y, mul(dt, nextZ)), z: nextZ }, output: "y" };
  },
});
