import { constant, ones, parameter, randomNormal, type Initializer } from "@sluice/params";
import { add, exp, expand, mul, neg, sub, sum, TensorError } from "@sluice/tensor";
import { logF64, suggestion } from "@sluice/tensor/internal";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { complexRecurrence } from "../definition/recurrences.ts";
import { checkSize } from "../options/size.ts";
import { checkDiscretization, discretized, times, toRows, type Discretization } from "./complex.ts";
import { along, logUniform } from "./initial.ts";

/** The initial imaginary parts of {@link s4d}: evenly spaced, or those that come near to HiPPO's. */
export type S4dInitialization = "lin" | "inv";

/**
 * S4D, a diagonal state space model (Gu et al. 2022, arXiv:2206.11893): for each channel a linear system of `order`
 * states in complex conjugate pairs, of which one of each pair is kept.
 *
 *     A = -exp(logA) + i imA                                 [hidden, order / 2]
 *     delta = exp(logDelta)                                  [hidden]
 *     a = exp(delta A)                                       zoh;  gain = (exp(delta A) - 1) / A
 *     a = (1 + delta A / 2) / (1 - delta A / 2)              bilinear;  gain = delta / (1 - delta A / 2)
 *     h_t = a h_{t-1} + gain B x_t                           each channel by itself
 *     y_t = 2 Re(sum over n of C_n h_tn) + D x_t
 *
 * Initially Re A = -1/2 and, with n from 0, Im A_n = pi n (S4D-Lin) or order / pi (order / (2 n + 1) - 1) (S4D-Inv); B
 * is 1, the parts of C are N(0, 1/2) and D is N(0, 1); delta is uniform in the logarithm. The authors' minimal code
 * fixes B at 1; their full code trains it, as here.
 *
 * The input is as wide as there are channels, `hidden`. Parameters: logA, imA `[hidden, order / 2]`; B, C `{ re, im }`,
 * each `[hidden, order / 2]`; logDelta, D `[hidden]`. States: re, im `[hidden, order / 2]`. Output: y. The paper puts
 * an activation and a dense layer behind it.
 *
 * Options:
 * - `order`: N, even (default 64).
 * - `initialization`: `"lin"` (default) or `"inv"`.
 * - `discretization`: `"zoh"` (default) or `"bilinear"`.
 * - `deltaMin`, `deltaMax`: the range of the initial delta, in the unit of time in which A is given (default 0.001 to
 *   0.1).
 */
export const s4d = defineAssociativeCell({
  name: "s4d",
  options: {
    order: 64,
    initialization: "lin" as S4dInitialization,
    discretization: "zoh" as Discretization,
    deltaMin: 0.001,
    deltaMax: 0.1,
  },
  params({ input, hidden }, { order, initialization, discretization, deltaMin, deltaMax }) {
    checkOrder(order);
    checkDiscretization("s4d", discretization);
    if (input !== hidden)
      throw new TensorError(
        `s4d: each channel reads one input, so there must be as many; got input ${input} and hidden ${hidden}; put a dense layer before the cell`,
      );
    const of = (initializer: Initializer) => parameter([hidden, order / 2], { initializer });
    const C = of(randomNormal({ deviation: Math.SQRT1_2 }));
    return {
      logA: of(constant(logF64(0.5))),
      imA: of(along(frequency(initialization, order))),
      B: { re: of(ones), im: of(constant(0)) },
      C: { re: C, im: C },
      logDelta: parameter([hidden], { initializer: logUniform("s4d", deltaMin, deltaMax) }),
      D: parameter([hidden], { initializer: randomNormal({ deviation: 1 }) }),
    };
  },
  state: ({ hidden }, { order }) => ({ re: [hidden, order / 2], im: [hidden, order / 2] }),
  withoutNorm: "each channel reads its own input, so there is no product that mixes features",
  recurrence: complexRecurrence("re", "im"),
  elements({ logA, imA, B, logDelta }, x, { discretization }) {
    const A = { re: neg(exp(logA)), im: imA };
    const { a, gain } = discretized(A, expand(exp(logDelta), 1), discretization);
    const b = times(gain, B);
    const u = expand(x, 2);
    return {
      aReal: toRows(a.re, x),
      aImaginary: toRows(a.im, x),
      bReal: mul(u, b.re),
      bImaginary: mul(u, b.im),
    };
  },
  output: ({ C, D }, { re, im }, x) => add(mul(sum(sub(mul(re, C.re), mul(im, C.im)), 2), 2), mul(x, D)),
});

function checkOrder(order: number): void {
  if (checkSize("s4d", "order", order) % 2 !== 0)
    throw new TensorError(`s4d: order must be even, since states come in conjugate pairs; got ${order}`);
}

function frequency(initialization: S4dInitialization, order: number): (n: number) => number {
  switch (initialization) {
    case "lin":
      return (n) => Math.PI * n;
    case "inv":
      return (n) => (order / Math.PI) * (order / (2 * n + 1) - 1);
    default:
      throw new TensorError(
        `s4d: unknown initialization ${String(initialization)}; ${suggestion(String(initialization), ["lin", "inv"])}`,
      );
  }
}
