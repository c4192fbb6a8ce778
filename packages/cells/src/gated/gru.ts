import { add, mul, sliceAxis, split, sub, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { activationOf, type Activation } from "../options/activations.ts";
import { defineCell } from "../definition/define-cell.ts";
import { bias, kernel, recurrentKernel } from "@sluice/params";
import { biasesOf, given, type Biases } from "./biases.ts";

/**
 * What the reset gate multiplies: the candidate's recurrent product (`after`) or the state before that product
 * (`before`). `none`: there is no reset gate.
 */
export type Reset = "after" | "before" | "none";

const resets: readonly Reset[] = ["after", "before", "none"];

/**
 * Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078):
 *
 *     r = sigmoid(x_t W_r + h_{t-1} U_r + b_r + bh_r)
 *     z = sigmoid(x_t W_z + h_{t-1} U_z + b_z + bh_z)
 *     n = tanh(x_t W_n + b_n + r (h_{t-1} U_n + bh_n))      reset after, as PyTorch, cuDNN and Keras's default
 *     n = tanh(x_t W_n + b_n + (r h_{t-1}) U_n + bh_n)      reset before, as in the paper
 *     n = tanh(x_t W_n + b_n + h_{t-1} U_n + bh_n)          reset none: there is no r
 *     h_t = z h_{t-1} + (1 - z) n
 *
 * The three are different networks. Parameters: W `[input, 3 hidden]`, U `[hidden, 3 hidden]`, biases b and bh
 * `[3 hidden]`, gates in PyTorch's order r, z, n; two blocks z, n without reset. State and output: h. Traces: reset,
 * update, candidate. Places of norm: gates (r and z together, as in layer normalization's paper) and candidate.
 * Options: `reset` (default after), `biases` (default 2 with reset after, otherwise 1), `activation` (default tanh),
 * `recurrentActivation` (default sigmoid).
 */
export const gru = defineCell({
  name: "gru",
  options: {
    reset: "after" as Reset,
    biases: undefined as Biases | undefined,
    activation: "tanh" as Activation,
    recurrentActivation: "sigmoid" as Activation,
  },
  params({ input, hidden }, { reset, biases }) {
    if (!resets.includes(reset))
      throw new TensorError(`gru: unknown reset ${String(reset)}; ${suggestion(String(reset), resets)}`);
    const gates = reset === "none" ? 2 : 3;
    return {
      W: kernel([input, gates * hidden]),
      U: recurrentKernel([hidden, gates * hidden]),
      ...biasesOf(biases ?? (reset === "after" ? 2 : 1), bias([gates * hidden])),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b, bh }, { h }, x, { sizes, norm, trace, input, recurrent, reset, activation, recurrentActivation }) {
    const [f, s] = [activationOf(activation), activationOf(recurrentActivation)];
    const last = (reset === "none" ? 1 : 2) * sizes.hidden;
    const gates = (y: Tensor): Tensor => sliceAxis(y, y.shape.length - 1, 0, last);
    const candidate = (y: Tensor): Tensor => sliceAxis(y, y.shape.length - 1, last, last + sizes.hidden);

    const xW = input("gates", x, W);
    const hU = recurrent("gates", h, reset === "before" ? gates(U) : U);
    const a = norm("gates", [gates(xW), gates(hU), ...given(b, bh).map(gates)]);
    const [r1, z1] = reset === "none" ? [undefined, a] : split(a, 2);
    const r = r1 && trace("reset", s(r1));
    const z = trace("update", s(z1));
    const biases = given(b).map(candidate);
    const biasesOfProduct = bh === undefined ? {} : { bias: candidate(bh) };
    const product =
      r !== undefined && reset === "before"
        ? { product: recurrent("candidate", mul(r, h), candidate(U)), ...biasesOfProduct }
        : { product: candidate(hU), ...biasesOfProduct, ...(r && { times: r }) };
    const n = trace("candidate", f(norm("candidate", [candidate(xW), product, ...biases])));
    const next = add(mul(z, h), mul(sub(1, z), n));
    return { state: { h: next }, output: "h" };
  },
});
