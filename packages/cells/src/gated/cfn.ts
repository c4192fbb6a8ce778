import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, split, tanh, tensor, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Chaos-free network: without input its state goes to zero (Laurent, von Brecht 2017, arXiv:1612.06212, equations 1 and
 * 2):
 *
 *     theta_t = sigmoid(x_t W_theta + h_{t-1} U_theta + b_theta)
 *     eta_t = sigmoid(x_t W_eta + h_{t-1} U_eta + b_eta)
 *     h_t = theta_t tanh(h_{t-1}) + eta_t tanh(x_t W_n)
 *
 * Parameters: W `[input, 3 hidden]` in the order theta, eta, n; U `[hidden, 2 hidden]` and b `[2 hidden]` in the order
 * theta, eta. As in the paper b_theta begins as 1 and b_eta as -1, so that the cell first keeps more than it takes in.
 * State and output: h. Traces: forget (theta), input (eta), candidate. Places of norm: gates, candidate.
 * Torchrecurrent's CFN has a bias in the candidate, which is not the paper's: with it a cell without input does not go
 * to zero.
 */
export const cfn = defineCell({
  name: "cfn",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden], {
      adjust: (b) =>
        tensor(
          b.data.map((value, i) => (i < hidden ? value + 1 : value - 1)),
          b.shape,
        ),
    }),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const gatesOf = (y: Tensor): Tensor => sliceAxis(y, -1, 0, 2 * hidden);
    const candidateOf = (y: Tensor): Tensor => sliceAxis(y, -1, 2 * hidden, 3 * hidden);
    const xW = input("gates", x, W);
    const [theta1, eta1] = split(norm("gates", [gatesOf(xW), recurrent("gates", h, U), b]), 2);
    const theta = trace("forget", sigmoid(theta1));
    const eta = trace("input", sigmoid(eta1));
    const n = trace("candidate", tanh(norm("candidate", [candidateOf(xW)])));
    const next = add(mul(theta, tanh(h)), mul(eta, n));
    return { state: { h: next }, output: "h" };
  },
});
