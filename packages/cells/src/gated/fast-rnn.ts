import { bias, constant, kernel, ones, parameter, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { matrixOf, whole } from "./low-rank.ts";

/**
 * FastRNN, a simple recurrent network with a weighted residual connection (Kusupati et al. 2018, arXiv:1901.02358):
 *
 *     n_t = tanh(x_t W + h_{t-1} U + b)
 *     h_t = sigmoid(alpha) n_t + sigmoid(beta) h_{t-1}
 *
 * alpha and beta are one trained number each. The paper keeps the two weights between 0 and 1; the sigmoid that does it
 * is that of the authors' code (EdgeML). From there are the initial values: alpha -3, beta 3, so that the state is
 * mostly kept at first, and b 1. In torchrecurrent alpha begins at 3, beta at -3 and b at 0.
 *
 * Parameters: W `[input, hidden]`, U `[hidden, hidden]`, b `[hidden]`, alpha and beta `[1]`. State and output: h.
 * Trace: candidate. Place of norm: candidate.
 *
 * Options:
 * - `inputRank`: W is the product of `W.left` `[input, rank]` and `W.right` `[rank, hidden]`. Default: one matrix.
 * - `recurrentRank`: U is the product of `U.left` `[hidden, rank]` and `U.right` `[rank, hidden]`. Default: one matrix.
 * - `activation`: of the candidate. Default tanh.
 *
 * Throws a TensorError if a rank is not an integer from 1 to the smaller side of its matrix.
 */
export const fastRnn = defineCell({
  name: "fastRnn",
  options: {
    inputRank: undefined as number | undefined,
    recurrentRank: undefined as number | undefined,
    activation: "tanh" as Activation,
  },
  params: ({ input, hidden }, { inputRank, recurrentRank }) => ({
    W: matrixOf("fastRnn: inputRank", kernel, [input, hidden], inputRank),
    U: matrixOf("fastRnn: recurrentRank", recurrentKernel, [hidden, hidden], recurrentRank),
    b: bias([hidden], { initializer: ones }),
    alpha: parameter([1], { initializer: constant(-3) }),
    beta: parameter([1], { initializer: constant(3) }),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, alpha, beta }, { h }, x, { norm, trace, input, recurrent, activation }) {
    const n1 = norm("candidate", [input("candidate", x, whole(W)), recurrent("candidate", h, whole(U)), b]);
    const n = trace("candidate", activationOf(activation)(n1));
    const next = add(mul(sigmoid(alpha), n), mul(sigmoid(beta), h));
    return { state: { h: next }, output: "h" };
  },
});
