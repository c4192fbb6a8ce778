import { bias, constant, kernel, ones, parameter, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, sub } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { matrixOf, whole } from "./low-rank.ts";

/**
 * FastGRNN, whose gate and candidate share their matrices (Kusupati et al. 2018, arXiv:1901.02358):
 *
 *     z_t = sigmoid(x_t W + h_{t-1} U + b_z)
 *     n_t = tanh(x_t W + h_{t-1} U + b_n)
 *     h_t = (sigmoid(zeta) (1 - z_t) + sigmoid(nu)) n_t + z_t h_{t-1}
 *
 * z keeps the old state. zeta and nu are one trained number each. The paper keeps the two between 0 and 1; the sigmoid
 * that does it is that of the authors' code (EdgeML). From there are the initial values: zeta 1, nu -4, b 1. In
 * torchrecurrent zeta begins at 3, nu at -3 and b at 0, and the gate has tanh by default.
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b `[2 hidden]` in the order z, n, zeta and nu `[1]`. State and
 * output: h. Traces: update, candidate. Place of norm: gates, the sum of the two products, which both share.
 *
 * Options:
 * - `inputRank`: W is the product of `W.left` `[input, rank]` and `W.right` `[rank, hidden]`. Default: one matrix.
 * - `recurrentRank`: U is the product of `U.left` `[hidden, rank]` and `U.right` `[rank, hidden]`. Default: one matrix.
 * - `activation`: of the candidate. Default tanh.
 * - `recurrentActivation`: of the gate. Default sigmoid.
 *
 * Throws a TensorError if a rank is not an integer from 1 to the smaller side of its matrix.
 */
export const fastGrnn = defineCell({
  name: "fastGrnn",
  options: {
    inputRank: undefined as number | undefined,
    recurrentRank: undefined as number | undefined,
    activation: "tanh" as Activation,
    recurrentActivation: "sigmoid" as Activation,
  },
  params: ({ input, hidden }, { inputRank, recurrentRank }) => ({
    W: matrixOf("fastGrnn: inputRank", kernel, [input, hidden], inputRank),
    U: matrixOf("fastGrnn: recurrentRank", recurrentKernel, [hidden, hidden], recurrentRank),
    b: bias([2 * hidden], { initializer: ones }),
    zeta: parameter([1], { initializer: constant(1) }),
    nu: parameter([1], { initializer: constant(-4) }),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step(
    { W, U, b, zeta, nu },
    { h },
    x,
    { sizes: { hidden }, norm, trace, input, recurrent, activation, recurrentActivation },
  ) {
    const [bz, bn] = [sliceAxis(b, 0, 0, hidden), sliceAxis(b, 0, hidden, 2 * hidden)];
    const shared = norm("gates", [input("gates", x, whole(W)), recurrent("gates", h, whole(U))]);
    const z = trace("update", activationOf(recurrentActivation)(add(shared, bz)));
    const n = trace("candidate", activationOf(activation)(add(shared, bn)));
    const next = add(mul(add(mul(sigmoid(zeta), sub(1, z)), sigmoid(nu)), n), mul(z, h));
    return { state: { h: next }, output: "h" };
  },
});
