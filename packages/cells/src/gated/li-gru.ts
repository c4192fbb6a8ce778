import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";

/**
 * Light gated recurrent unit, Li-GRU: a GRU without reset gate, with ReLU and with batch normalization of the input's
 * products (Ravanelli et al. 2018, arXiv:1803.10225):
 *
 *     z_t = sigmoid(BN(x_t W_z) + h_{t-1} U_z)
 *     n_t = relu(BN(x_t W_n) + h_{t-1} U_n)
 *     h_t = z_t h_{t-1} + (1 - z_t) n_t
 *
 * The paper's cell is `liGru({ input, hidden, norm: batchNorm({ placement: "input", cell: false, steps }) })`. BN adds
 * a bias in the paper, here b does. Without `norm` there is no BN, as in torchrecurrent.
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order z, n. State and output: h.
 * Traces: update, candidate. Place of norm: gates. Option: `activation` (default relu).
 */
export const liGru = defineCell({
  name: "liGru",
  options: { activation: "relu" as Activation },
  params: ({ input, hidden }) => ({
    W: kernel([input, 2 * hidden]),
    U: recurrentKernel([hidden, 2 * hidden]),
    b: bias([2 * hidden]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, activation }) {
    const [z1, n1] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 2);
    const z = trace("update", sigmoid(z1));
    const n = trace("candidate", activationOf(activation)(n1));
    const next = add(mul(z, h), mul(sub(1, z), n));
    return { state: { h: next }, output: "h" };
  },
});
