import { bias, kernel, recurrentKernel, type ParameterSpec } from "@sluice/params";
import { add, isTensor, mul, sigmoid, split, tanh, TensorError, type Shape, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import type { Multiply } from "../definition/products.ts";
import { checkSize } from "../options/size.ts";
import { raised } from "./biases.ts";

/**
 * Mogrifier LSTM: input and state gate each other in some rounds before an LSTM reads them (Melis et al. 2019,
 * arXiv:1909.01792). With x^{-1} = x_t and h^0 = h_{t-1}, for i = 1 ... rounds:
 *
 *     x^i = 2 sigmoid(h^{i-1} Q^i) x^{i-2}                    odd i
 *     h^i = 2 sigmoid(x^{i-1} R^i) h^{i-2}                    even i
 *
 * and then, with the last x^i and h^i as x and h:
 *
 *     i, f, g, o = split(x W + h U + b)
 *     c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
 *     h_t = sigmoid(o) tanh(c_t)
 *
 * The authors' code (google-deepmind/lamb) adds to each round a bias that begins at 0, and, unless told otherwise,
 * takes the smaller of sigmoid(i) and 1 - sigmoid(f) as the input gate. Neither is in the paper, nor here.
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`, gates in the order i, f, g, o; Q.0, Q.1,
 * ... `[hidden, input]` of rounds 1, 3, ... and R.0, ... `[input, hidden]` of rounds 2, 4, ... With a rank each of
 * these is a product, Q.0.left `[hidden, rank]` and Q.0.right `[rank, input]`. States: h, c; output: h. Traces: input,
 * forget, candidate, output, and the factors `round1`, `round2`, ... Places of norm: gates, cell. Options: `rounds`
 * (default 5; 0 is an LSTM), `rank` (default none: full matrices), `forgetBias`, which is added to the initial b_f
 * (default 1). Throws a TensorError if rounds is not an integer >= 0, or rank not one >= 1.
 */
export const mogrifierLstm = defineCell({
  name: "mogrifierLstm",
  options: { rounds: 5, rank: undefined as number | undefined, forgetBias: 1 },
  params({ input, hidden }, { rounds, rank, forgetBias }) {
    if (!Number.isSafeInteger(rounds) || rounds < 0)
      throw new TensorError(`mogrifierLstm: rounds must be an integer >= 0, got ${String(rounds)}`);
    if (rank !== undefined) checkSize("mogrifierLstm", "rank", rank);
    const Q = factored(recurrentKernel, hidden, input, rank);
    const R = factored(kernel, input, hidden, rank);
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden], { adjust: raised({ from: hidden, to: 2 * hidden, by: forgetBias }) }),
      Q: Array.from({ length: Math.ceil(rounds / 2) }, () => Q),
      R: Array.from({ length: Math.floor(rounds / 2) }, () => R),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, Q, R }, { h: before, c }, xt, { norm, trace, input, recurrent }) {
    let [x, h] = [xt, before];
    for (const [k, Qi] of Q.entries()) {
      const odd = `round${2 * k + 1}`;
      x = mul(trace(odd, mul(2, sigmoid(timesFactored(recurrent, odd, h, Qi)))), x);
      const Ri = R[k];
      const even = `round${2 * k + 2}`;
      if (Ri !== undefined) h = mul(trace(even, mul(2, sigmoid(timesFactored(input, even, x, Ri)))), h);
    }
    const [a1, a2, a3, a4] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 4);
    const i = trace("input", sigmoid(a1));
    const f = trace("forget", sigmoid(a2));
    const g = trace("candidate", tanh(a3));
    const o = trace("output", sigmoid(a4));
    const nextC = add(mul(f, c), mul(i, g));
    const nextH = mul(o, tanh(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: "h" };
  },
});

type Factored<T> = T | { readonly left: T; readonly right: T };

/** A matrix `[rows, columns]`, or the two whose product it is. */
const factored = (
  make: (shape: Shape) => ParameterSpec,
  rows: number,
  columns: number,
  rank: number | undefined,
): Factored<ParameterSpec> =>
  rank === undefined ? make([rows, columns]) : { left: make([rows, rank]), right: make([rank, columns]) };

/** `v M`. Every round has vectors of its own, and so masks of its own. */
function timesFactored(multiply: Multiply, name: string, v: Tensor, M: Factored<Tensor>): Tensor {
  if (isTensor(M)) return multiply(name, v, M, { gates: 1, source: name });
  const left = multiply(`${name}.left`, v, M.left, { gates: 1, source: name });
  return multiply(`${name}.right`, left, M.right, { gates: 1, source: `${name}.right` });
}
