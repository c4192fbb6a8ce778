import { bias, kernel, ones, parameter, pytorchUniform, randomUniform } from "@sluice/params";
import { add, exp, expand, mul, neg, sliceAxis, softplus, sum, TensorError, type Tensor } from "@sluice/tensor";
import { expF64, expm1F64, logF64 } from "@sluice/tensor/internal";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import { checkSize } from "../options/size.ts";
import { along, logUniform, mapped } from "./initial.ts";

/**
 * Selective state space model, S6, the recurrence of Mamba (Gu and Dao 2023, arXiv:2312.00752, algorithm 2 and section
 * 3.6): a diagonal system of `order` states for each channel, whose step, input and output depend on the input.
 *
 *     delta_t = softplus(x_t W_delta V + b)                            [hidden]
 *     B_t = x_t W_B,  C_t = x_t W_C                                    [order]
 *     A = -exp(logA)                                                   [hidden, order]
 *     h_t = exp(delta_t A) h_{t-1} + delta_t B_t x_t                   each channel by itself
 *     y_t = sum over n of C_tn h_tn + D x_t
 *
 * A is discretized by zero-order hold and B by Euler's rule, as in the authors' code; the paper writes zero-order hold
 * for both (its equation 4). The block around it (dense layers, convolution over time, and the gate) is not here.
 *
 * Initially A is -(1, ..., order) in each channel, D is 1, softplus(b) is uniform in the logarithm, V is U(+-1 /
 * sqrt(rank)), and W is U(+-1 / sqrt(hidden)).
 *
 * The input is as wide as there are channels, `hidden`. Parameters: W `[input, rank + 2 order]` in the order delta, B,
 * C; V `[rank, hidden]`; b `[hidden]`; logA `[hidden, order]`; D `[hidden]`. State: h `[hidden, order]`. Output: y.
 * Trace: delta. Place of norm: delta.
 *
 * Options: `order`, N (default 16); `rank` of W_delta V (default hidden / 16, rounded up); `deltaMin`, `deltaMax`, the
 * range of the initial softplus(b) (default 0.001 to 0.1).
 */
export const selectiveStateSpace = defineAssociativeCell({
  name: "selectiveStateSpace",
  options: { order: 16, rank: undefined as number | undefined, deltaMin: 0.001, deltaMax: 0.1 },
  params({ input, hidden }, { order, rank = rankOf(hidden), deltaMin, deltaMax }) {
    const name = "selectiveStateSpace";
    checkSize(name, "order", order);
    checkSize(name, "rank", rank);
    if (input !== hidden)
      throw new TensorError(
        `${name}: each channel reads one input, so there must be as many; got input ${input} and hidden ${hidden}; put a dense layer before the cell`,
      );
    const limit = Math.sqrt(1 / rank);
    const steps = mapped(logUniform(name, deltaMin, deltaMax), (logDelta) => beforeSoftplus(expF64(logDelta)));
    return {
      W: kernel([input, rank + 2 * order], { initializer: pytorchUniform }),
      V: kernel([rank, hidden], { initializer: randomUniform({ low: -limit, high: limit }) }),
      b: bias([hidden], { initializer: steps }),
      logA: parameter([hidden, order], { initializer: along((n) => logF64(n + 1)) }),
      D: parameter([hidden], { initializer: ones }),
    };
  },
  state: ({ hidden }, { order }) => ({ h: [hidden, order] }),
  recurrence: linearRecurrence("h"),
  elements({ W, V, b, logA }, x, { sizes, norm, trace, input, order, rank = rankOf(sizes.hidden) }) {
    const low = input("delta", x, columns(W, 0, rank), { gates: 1 });
    const B = input("B", x, columns(W, rank, rank + order), { gates: 1 });
    const delta = trace("delta", softplus(norm("delta", [input("step", low, V, { source: "delta" }), b])));
    const A = neg(exp(logA));
    return { a: exp(mul(expand(delta, 2), A)), b: mul(expand(mul(delta, x), 2), expand(B, 1)) };
  },
  output({ W, D }, { h }, x, { sizes, input, order, rank = rankOf(sizes.hidden) }) {
    const C = input("C", x, columns(W, rank + order, rank + 2 * order), { gates: 1 });
    return add(sum(mul(h, expand(C, 1)), 2), mul(x, D));
  },
});

const rankOf = (hidden: number): number => Math.ceil(hidden / 16);

const columns = (W: Tensor, from: number, to: number): Tensor => sliceAxis(W, 1, from, to);

/** The b for which softplus(b) is delta: log(exp(delta) - 1), without cancellation. */
const beforeSoftplus = (delta: number): number => delta + logF64(-expm1F64(-delta));
