import { bias, kernel } from "@sluice/params";
import { mul, sigmoid, split, sub } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";

/**
 * T-RNN, the strongly typed simple network (Balduzzi and Ghifary 2016, arXiv:1602.02218): the state is a
 * running average of linear features of the inputs, so that it is never multiplied by a matrix.
 *
 *     z_t = x_t W_z + b_z
 *     f_t = sigmoid(x_t W_f + b_f)
 *     h_t = f_t h_{t-1} + (1 - f_t) z_t
 *
 * f keeps the old state. The state enters linearly, so an associative scan computes all steps at once. The paper writes
 * no b_z, which is 0 at first.
 *
 * Parameters: W `[input, 2 hidden]`, b `[2 hidden]`, in the order z, f. State and output: h. Traces: candidate, forget.
 * Place of norm: gates.
 */
export const stronglyTypedRnn = defineAssociativeCell({
  name: "stronglyTypedRnn",
  params: ({ input, hidden }) => ({ W: kernel([input, 2 * hidden]), b: bias([2 * hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  recurrence: linearRecurrence("h"),
  elements({ W, b }, x, { norm, trace, input }) {
    const [z1, f1] = split(norm("gates", [input("gates", x, W), b]), 2);
    const z = trace("candidate", z1);
    const f = trace("forget", sigmoid(f1));
    return { a: f, b: mul(sub(1, f), z) };
  },
});
