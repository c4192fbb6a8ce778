import { bias, kernel, randomUniform, recurrentKernel, type Constraint } from "@sluice/params";
import { max, min, mul } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { checkPositive } from "./checks.ts";

/**
 * IndRNN, the independently recurrent network: each unit remembers itself alone (Li et al. 2018, arXiv:1803.04831):
 *
 *     h_t = relu(x_t W + u h_{t-1} + b)           u h by elements
 *
 * Units meet in the next layer. The gradient of a unit over T steps grows as |u|^T, so the paper keeps |u| within
 * 2^(1/T) for relu; `bound` does.
 *
 * Parameters: W `[input, hidden]`, u and b `[hidden]`. State and output: h. Place of norm: gates. Options:
 * - `activation`: default relu, the paper's.
 * - `bound`: u begins uniform on [0, bound), and `constrain` keeps it within [-bound, bound]. By default u begins
 *   uniform on [0, 1), and has no constraint. Throws a TensorError unless it is above 0.
 *
 * Recurrent dropout needs a product with a matrix, so this cell refuses it. torchrecurrent's default is tanh, and it
 * draws u from N(0, 1).
 */
export const indRnn = defineCell({
  name: "indRnn",
  options: { activation: "relu" as Activation, bound: undefined as number | undefined },
  params({ input, hidden }, { bound }) {
    if (bound !== undefined) checkPositive("indRnn", { bound });
    return {
      W: kernel([input, hidden]),
      u: recurrentKernel([hidden], {
        initializer: randomUniform({ low: 0, high: bound ?? 1 }),
        ...(bound !== undefined && { constraint: within(bound) }),
      }),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, u, b }, { h }, x, { norm, input, activation }) {
    const f = activationOf(activation);
    const next = f(norm("gates", [input("gates", x, W), mul(u, h), b]));
    return { state: { h: next }, output: "h" };
  },
});

const within =
  (bound: number): Constraint =>
  (u) =>
    max(min(u, bound), -bound);
