import { bias, kernel, lecunNormal, parameter, randomUniform } from "@sluice/params";
import { exp, expm1, logSigmoid, mul, neg, sigmoid, split, sqrt, TensorError } from "@sluice/tensor";
import { expm1F64, logF64 } from "@sluice/tensor/internal";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import { mapped } from "./initial.ts";

/** The constant c of the paper. */
const c = 8;

/**
 * Real-gated linear recurrent unit of Griffin (De et al. 2024, arXiv:2402.19427, section 2.4, equations 1 to 4): a
 * diagonal recurrence whose decay a gate of the input sets, between 1 and a^c.
 *
 *     r_t = sigmoid(x_t W_a + b_a)
 *     i_t = sigmoid(x_t W_x + b_x)
 *     a_t = a^(c r_t),  a = sigmoid(Lambda),  c = 8       log a_t = c r_t log sigmoid(Lambda)
 *     h_t = a_t h_{t-1} + sqrt(1 - a_t^2) (i_t x_t)
 *
 * x itself enters, so the input is as wide as the state. Initially a^c is uniform in [0.9, 0.999], and W is LeCun
 * normal. The authors' code (recurrentgemma) leaves the paper in four things: its W are block-diagonal; it draws a, not
 * a^c, by area; the first step of a sequence enters without the root; and the gradient of the root is cut at 1000.
 *
 * Parameters: W `[input, 2 hidden]`, b `[2 hidden]`, in the order a, x; Lambda `[hidden]`. State and output: h. Traces:
 * recurrence (r), input (i), decay (a_t). Place of norm: gates.
 */
export const rgLru = defineAssociativeCell({
  name: "rgLru",
  params({ input, hidden }) {
    if (input !== hidden)
      throw new TensorError(
        `rgLru: the input enters the state as it is, so it must be as wide; got input ${input} and hidden ${hidden}; put a dense layer before the cell`,
      );
    return {
      W: kernel([input, 2 * hidden], { initializer: lecunNormal }),
      b: bias([2 * hidden]),
      Lambda: parameter([hidden], { initializer: mapped(randomUniform({ low: 0.9, high: 0.999 }), lambdaOf) }),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  recurrence: linearRecurrence("h"),
  elements({ W, b, Lambda }, x, { norm, trace, input }) {
    const [r1, i1] = split(norm("gates", [input("gates", x, W), b]), 2);
    const r = trace("recurrence", sigmoid(r1));
    const i = trace("input", sigmoid(i1));
    const logA = mul(mul(r, c), logSigmoid(Lambda));
    const a = trace("decay", exp(logA));
    return { a, b: mul(sqrt(neg(expm1(mul(logA, 2)))), mul(i, x)) };
  },
});

/** The Lambda for which sigmoid(Lambda)^c is `power`. */
function lambdaOf(power: number): number {
  const logA = logF64(power) / c;
  return logA - logF64(-expm1F64(logA));
}
