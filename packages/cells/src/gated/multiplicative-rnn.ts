import { bias, kernel, recurrentKernel } from "@sluice/params";
import { mul, tanh } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";

/**
 * Multiplicative recurrent network (Sutskever, Martens and Hinton 2011, "Generating Text with Recurrent Neural
 * Networks", ICML): the recurrent weights depend on the input through factors.
 *
 *     f_t = (x_t W_f) (h_{t-1} U)
 *     h_t = tanh(x_t W + f_t V + b)
 *
 * The product of the two factors of f is by elements, so the recurrent weights of a step are `U diag(x_t W_f) V`. The
 * paper writes no b, which is 0 at first.
 *
 * Parameters: Wf `[input, factors]`, U `[hidden, factors]`, W `[input, hidden]`, V `[factors, hidden]`, b `[hidden]`.
 * State and output: h. Trace: factors (f). Place of norm: candidate. Option: `factors`, how many there are (default:
 * hidden). Throws a TensorError if that is not an integer of 1 or more.
 */
export const multiplicativeRnn = defineCell({
  name: "multiplicativeRnn",
  options: { factors: undefined as number | undefined },
  params({ input, hidden }, { factors = hidden }) {
    checkSize("multiplicativeRnn", "factors", factors);
    return {
      Wf: kernel([input, factors]),
      U: recurrentKernel([hidden, factors]),
      W: kernel([input, hidden]),
      V: recurrentKernel([factors, hidden]),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ Wf, U, W, V, b }, { h }, x, { norm, trace, input, recurrent }) {
    const f = trace("factors", mul(input("factors", x, Wf), recurrent("factors", h, U)));
    const products = [input("candidate", x, W), recurrent("candidate", f, V, { source: "factors" })];
    return { state: { h: tanh(norm("candidate", [...products, b])) }, output: "h" };
  },
});
