import { bias, kernel } from "@sluice/params";
import { mul, sigmoid, split, tanh } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";

/**
 * T-GRU, the strongly typed gated recurrent unit (Balduzzi and Ghifary 2016, arXiv:1602.02218): gates and
 * candidate look at the last two inputs in the place of the state.
 *
 *     z_t = x_{t-1} V_z + x_t W_z + b_z
 *     f_t = sigmoid(x_{t-1} V_f + x_t W_f + b_f)
 *     o_t = tanh(x_{t-1} V_o + x_t W_o + b_o)
 *     h_t = f_t h_{t-1} + z_t o_t
 *
 * f keeps the old state. The state enters linearly, so an associative scan computes all steps at once. Parameters: W and V `[input, 3 hidden]`, b `[3 hidden]`, in the order z, f, o. States: h and
 * previous `[input]`, which is x_{t-1}, zeros before the first step; output: h. Traces: candidate, forget, output.
 * Place of norm: gates. There is no recurrent product, so recurrent dropout is an error.
 */
export const stronglyTypedGru = defineAssociativeCell({
  name: "stronglyTypedGru",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    V: kernel([input, 3 * hidden]),
    b: bias([3 * hidden]),
  }),
  state: ({ input, hidden }) => ({ h: [hidden], previous: [input] }),
  past: "previous",
  recurrence: linearRecurrence("h"),
  elements({ W, V, b }, x, { norm, trace, input, past }) {
    const products = [input("gates", x, W), input("previous", past, V, { source: "previous" })];
    const [z1, f1, o1] = split(norm("gates", [...products, b]), 3);
    const z = trace("candidate", z1);
    const f = trace("forget", sigmoid(f1));
    const o = trace("output", tanh(o1));
    return { a: f, b: mul(z, o) };
  },
  output: () => "h",
});
