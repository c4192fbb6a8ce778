import { bias, kernel, recurrentKernel } from "@sluice/params";
import {
  add,
  broadcastTo,
  cumulativeSum,
  expand,
  mul,
  reshape,
  sigmoid,
  softmax,
  split,
  sub,
  tanh,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/** The running sum of a softmax, the expectation of a gate 0, ..., 0, 1, ..., 1. */
const cumax = (x: Tensor): Tensor => cumulativeSum(softmax(x), 1);

/**
 * Ordered neurons LSTM (Shen et al. 2018, arXiv:1810.09536, sections 4.1 and 4.2): master gates rise or fall along the
 * units, so that units keep their memory the longer, the later they stand in this order.
 *
 *     i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
 *     n_t = tanh(x_t W_n + h_{t-1} U_n + b_n)
 *     o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)
 *     F_t = cumax(x_t W_F + h_{t-1} U_F + b_F)           the paper's f with a tilde
 *     I_t = 1 - cumax(x_t W_I + h_{t-1} U_I + b_I)       the paper's i with a tilde
 *     w_t = F_t I_t
 *     c_t = (f_t w_t + F_t - w_t) c_{t-1} + (i_t w_t + I_t - w_t) n_t
 *     h_t = o_t tanh(c_t)
 *
 * cumax is the running sum of a softmax. A master gate has one value for each `chunk` units that stand together.
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`, in the order i, f, n, o; and with the
 * width hidden / chunk `masterForget.W`, `masterForget.U`, `masterForget.b` (F) and the same of `masterInput` (I).
 * States: h, c; output: h. Traces: input, forget, candidate, output, masterForget, masterInput. Places of norm: gates,
 * masterForget, masterInput, cell.
 *
 * Option: `chunk` (default 1; the paper takes 10). Throws a TensorError unless it is an integer that divides hidden.
 */
export const onLstm = defineCell({
  name: "onLstm",
  options: { chunk: 1 },
  params({ input, hidden }, { chunk }) {
    if (!Number.isInteger(chunk) || chunk < 1 || hidden % chunk !== 0)
      throw new TensorError(`onLstm: chunk must be an integer that divides hidden ${hidden}, got ${chunk}`);
    const gates = (width: number) => ({
      W: kernel([input, width]),
      U: recurrentKernel([hidden, width]),
      b: bias([width]),
    });
    return { ...gates(4 * hidden), masterForget: gates(hidden / chunk), masterInput: gates(hidden / chunk) };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, masterForget, masterInput }, { h, c }, x, { norm, trace, input, recurrent, chunk }) {
    const sumOf = (place: string, gate: typeof masterForget, gates: number): Tensor =>
      norm(place, [input(place, x, gate.W, { gates }), recurrent(place, h, gate.U, { gates }), gate.b], { gates });
    const [i1, f1, n1, o1] = split(sumOf("gates", { W, U, b }, 4), 4);
    const i = trace("input", sigmoid(i1));
    const f = trace("forget", sigmoid(f1));
    const n = trace("candidate", tanh(n1));
    const o = trace("output", sigmoid(o1));
    const F = repeated(trace("masterForget", cumax(sumOf("masterForget", masterForget, 1))), chunk);
    const I = repeated(trace("masterInput", sub(1, cumax(sumOf("masterInput", masterInput, 1)))), chunk);
    const w = mul(F, I);
    const kept = add(mul(f, w), sub(F, w));
    const entering = add(mul(i, w), sub(I, w));
    const nextC = add(mul(kept, c), mul(entering, n));
    const nextH = mul(o, tanh(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});

/** Each column `times` times, one beside the other. */
function repeated(x: Tensor, times: number): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  return reshape(broadcastTo(expand(x, 2), [rows, columns, times]), [rows, columns * times]);
}
