import { bias, identity, kernel, parameter, recurrentKernel } from "@sluice/params";
import {
  add,
  concat,
  equal,
  key,
  matmul,
  mul,
  select,
  sigmoid,
  split,
  sub,
  tanh,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { decayRate, decayWeights, meanDecay } from "../cell/decay.ts";
import { observationMask, timeSinceObservation } from "./elapsed.ts";

const combinations = ["sigmoid", "linear"] as const;

/** How {@link rits} makes the share of its two estimates: between 0 and 1, or any number. */
export type RitsCombination = (typeof combinations)[number];

/**
 * RITS, one direction of BRITS (Cao et al. 2018, arXiv:1805.10572): a recurrent network that fills in missing values,
 * from the history and from the other variables of the same step. m is the mask, delta the time since each variable was
 * last observed:
 *
 *     xh  = h_{t-1} W_x + b_x                                   regression on the history
 *     xc  = m x_t + (1 - m) xh
 *     zh  = xc W_z + b_z                                        on the other variables: W_z has zeros on its diagonal
 *     gx  = exp(-max(0, wx delta + bx)),  gh = exp(-max(0, delta Wh + bh))          temporal decay
 *     a   = sigmoid([gx, m] W_a + b_a)
 *     ch  = a zh + (1 - a) xh
 *     cc  = m x_t + (1 - m) ch                                  the imputed values
 *     h_t, c_t = LSTM([cc, m], gh h_{t-1}, c_{t-1})
 *
 * The recurrent network is the LSTM of the paper's experiments. The authors' code (caow13/BRITS) leaves the sigmoid of
 * a out, and makes the history regression from the decayed state. The options do this too: `combination` "sigmoid"
 * (default) or "linear", and `decayedHistory` (default false). Throws a TensorError for another `combination`.
 *
 * Besides x it reads `extra.mask` and `extra.delta` `[batch, time, input]` (`timeSinceObserved` of
 * `@sluice/irregular`). Where x was not observed, it is not read and may be NaN. The output is `[h_t, cc]`, `[batch,
 * hidden + input]`: predictions are made of the first `hidden` columns, and the others are the series without gaps. The
 * imputation loss of the paper is the error of xh, zh and ch where x was observed: these are the traces `history`,
 * `features` and `combined` `[batch, time, input]`, through which gradients flow. BRITS is `bidirectional` of it, with
 * elapsed times counted from the other end for the way back.
 *
 * Parameters: W `[2 input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` in the order of `lstm`, i, f, g, o;
 * history.W `[hidden, input]` (W_x), features.W `[input, input]` (W_z), combine.W `[2 input, input]` (W_a), and
 * history.b, features.b, combine.b `[input]`; of the decays Wh `[input, hidden]`, bh `[hidden]`, wx, bx `[input]`, as
 * in `gruD`. States: h, c. Traces: history, features, combining, combined, inputDecay, hiddenDecay, input, forget,
 * candidate, output. Places of norm: gates, cell.
 */
export const rits = defineCell({
  name: "rits",
  options: { decayedHistory: false, combination: "sigmoid" as RitsCombination },
  extra: ({ input }) => ({ ...observationMask(input), ...timeSinceObservation(input) }),
  params({ input, hidden }, { combination }) {
    if (!combinations.includes(combination))
      throw new TensorError(
        `rits: unknown combination ${String(combination)}; ${suggestion(String(combination), combinations)}`,
      );
    return {
      W: kernel([2 * input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden]),
      history: { W: kernel([hidden, input]), b: bias([input]) },
      features: { W: kernel([input, input]), b: bias([input]) },
      combine: { W: kernel([2 * input, input]), b: bias([input]) },
      wx: decayWeights([input]),
      bx: parameter([input]),
      Wh: decayWeights([input, hidden], meanDecay),
      bh: parameter([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step(params, { h, c }, x, { norm, trace, input, recurrent, extra, ...options }) {
    const { W, U, b, history, features, combine, wx, bx, Wh, bh } = params;
    const { mask: m, delta } = extra;
    const filled = (estimate: Tensor): Tensor => select(equal(m, 0), estimate, x);
    const gx = trace("inputDecay", () => decayRate(mul(delta, wx), bx));
    const gh = trace("hiddenDecay", () => decayRate(matmul(delta, Wh), bh));
    const decayed = mul(gh, h);

    const remembered = options.decayedHistory ? decayed : h;
    const xh = trace("history", add(recurrent("history", remembered, history.W, { source: "history" }), history.b));
    const others = mul(features.W, offDiagonal(features.W));
    const zh = trace("features", add(input("features", filled(xh), others, { source: "features" }), features.b));
    const share = add(input("combine", concat([gx, m], 1), combine.W, { source: "combine" }), combine.b);
    const a = trace("combining", options.combination === "sigmoid" ? sigmoid(share) : share);
    const ch = trace("combined", add(mul(a, zh), mul(sub(1, a), xh)));
    const imputed = filled(ch);

    const seen = input("gates", concat([imputed, m], 1), W);
    const [a1, a2, a3, a4] = split(norm("gates", [seen, recurrent("gates", decayed, U), b]), 4);
    const i = trace("input", sigmoid(a1));
    const f = trace("forget", sigmoid(a2));
    const g = trace("candidate", tanh(a3));
    const o = trace("output", sigmoid(a4));
    const nextC = add(mul(f, c), mul(i, g));
    const nextH = mul(o, tanh(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC }, output: concat([nextH, imputed], 1) };
  },
});

/** Zeros on the diagonal of a square matrix like W, and ones elsewhere. */
function offDiagonal({ shape, dtype }: Tensor): Tensor {
  const { data } = identity(key(0), shape, {});
  return tensor(
    data.map((one) => 1 - one),
    shape,
    { dtype },
  );
}
