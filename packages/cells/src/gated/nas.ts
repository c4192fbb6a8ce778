import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, relu, sigmoid, sliceAxis, split, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * The cell that neural architecture search found on Penn Treebank (Zoph, Le 2017, arXiv:1611.01578, as TensorFlow 1's
 * NASCell). With a_k = x_t W_k + h_{t-1} U_k + b_k:
 *
 *     p_t = tanh(sigmoid(a_0) relu(a_1))
 *     q_t = tanh(sigmoid(a_2) + relu((x_t W_3) (h_{t-1} U_3 + b_3)))
 *     r_t = tanh(tanh(a_4) sigmoid(a_5))
 *     v_t = sigmoid(tanh(a_6) + sigmoid(a_7))
 *     c_t = tanh(p_t + c_{t-1}) q_t
 *     h_t = tanh(c_t tanh(r_t + v_t))
 *
 * Node 3 multiplies its two products; torchrecurrent's NAS adds them. Parameters: W `[input, 8 hidden]`, U `[hidden, 8
 * hidden]`, and b `[8 hidden]` with `bias`, in the order 0, 1, 2, 4, 5, 6, 7, 3: the sums, then node 3. States: h, c;
 * output: h. Traces: node0 to node7. Place of norm: gates (all nodes but 3). Option: `bias` (default false, as in
 * TensorFlow).
 */
export const nas = defineCell({
  name: "nas",
  options: { bias: false },
  params: ({ input, hidden }, options) => ({
    W: kernel([input, 8 * hidden]),
    U: recurrentKernel([hidden, 8 * hidden]),
    ...(options.bias ? { b: bias([8 * hidden]) } : {}),
  }),
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b }, { h, c }, x, { sizes: { hidden }, norm, trace, input, recurrent }) {
    const sums = (y: Tensor): Tensor => sliceAxis(y, -1, 0, 7 * hidden);
    const third = (y: Tensor): Tensor => sliceAxis(y, -1, 7 * hidden, 8 * hidden);
    const [xW, hU] = [input("gates", x, W), recurrent("gates", h, U)];
    const a = norm("gates", [sums(xW), sums(hU), ...(b === undefined ? [] : [sums(b)])]);
    const [a0, a1, a2, a4] = split(sliceAxis(a, -1, 0, 4 * hidden), 4);
    const [a5, a6, a7] = split(sliceAxis(a, -1, 4 * hidden, 7 * hidden), 3);
    const hU3 = b === undefined ? third(hU) : add(third(hU), third(b));

    const p = tanh(mul(trace("node0", sigmoid(a0)), trace("node1", relu(a1))));
    const q = tanh(add(trace("node2", sigmoid(a2)), trace("node3", relu(mul(third(xW), hU3)))));
    const r = tanh(mul(trace("node4", tanh(a4)), trace("node5", sigmoid(a5))));
    const v = sigmoid(add(trace("node6", tanh(a6)), trace("node7", sigmoid(a7))));
    const nextC = mul(tanh(add(p, c)), q);
    const nextH = tanh(mul(nextC, tanh(add(r, v))));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});
