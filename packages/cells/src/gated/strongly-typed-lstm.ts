import { bias, kernel } from "@sluice/params";
import { mul, sigmoid, split, sub, tanh } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";

/**
 * T-LSTM, the strongly typed long short-term memory (Balduzzi and Ghifary 2016, arXiv:1602.02218): gates
 * and candidate look at the last two inputs in the place of the state.
 *
 *     z_t = x_{t-1} V_z + x_t W_z + b_z
 *     f_t = sigmoid(x_{t-1} V_f + x_t W_f + b_f)
 *     o_t = tanh(x_{t-1} V_o + x_t W_o + b_o)
 *     c_t = f_t c_{t-1} + (1 - f_t) z_t
 *     h_t = c_t o_t
 *
 * f keeps the old memory. The memory enters linearly, so an associative scan computes all steps at once. Parameters: W and V `[input, 3 hidden]`, b `[3 hidden]`, in the order z, f, o. States: c and
 * previous `[input]`, which is x_{t-1}, zeros before the first step. Output: h, which is not a state. Traces:
 * candidate, forget, output. Places of norm: gates, cell. There is no recurrent product, so recurrent dropout is an
 * error.
 */
export const stronglyTypedLstm = defineAssociativeCell({
  name: "stronglyTypedLstm",
  params: ({ input, hidden }) => ({
    W: kernel([input, 3 * hidden]),
    V: kernel([input, 3 * hidden]),
    b: bias([3 * hidden]),
  }),
  state: ({ input, hidden }) => ({ c: [hidden], previous: [input] }),
  past: "previous",
  recurrence: linearRecurrence("c"),
  elements({ W, V, b }, x, { norm, trace, input, past }) {
    const products = [input("gates", x, W), input("previous", past, V, { source: "previous" })];
    const [z1, f1, o1] = split(norm("gates", [...products, b]), 3);
    const z = trace("candidate", z1);
    const f = trace("forget", sigmoid(f1));
    const o = trace("output", tanh(o1));
    return { a: f, b: mul(sub(1, f), z), o };
  },
  output: (_, { c }, __, { norm, elements: { o } }) => mul(norm("cell", c), o),
});
