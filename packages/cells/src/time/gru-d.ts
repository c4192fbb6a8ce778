import { bias, kernel, parameter, recurrentKernel } from "@sluice/params";
import {
  add,
  equal,
  matmul,
  mul,
  select,
  sigmoid,
  sliceAxis,
  split,
  sub,
  tanh,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { decayRate, decayWeights, meanDecay } from "../cell/decay.ts";
import { observationMask, timeSinceObservation } from "./elapsed.ts";

/**
 * GRU-D, a gated recurrent unit with decay, for irregular series with missing values (Che et al. 2016,
 * arXiv:1606.01865). Besides x `[batch, time, input]` it reads `extra`: `mask` `[batch, time, input]`, 1 where a value
 * was observed, and `delta` `[batch, time, input]`, the time since the last observation of each variable
 * (`timeSinceObserved` of `@sluice/irregular`).
 *
 *     gx = exp(-max(0, wx delta_t + bx))                        per variable: the W of the paper is diagonal here
 *     gh = exp(-max(0, delta_t Wh + bh))
 *     x' = x_t where observed, else gx x_last + (1 - gx) mean   x_last: the last observed value
 *     h' = gh h_{t-1}
 *     r  = sigmoid(x' W_r + h' U_r + m_t V_r + b_r)
 *     z  = sigmoid(x' W_z + h' U_z + m_t V_z + b_z)
 *     n  = tanh(x' W_n + (r h') U_n + m_t V_n + b_n)
 *     h_t = z h' + (1 - z) n
 *
 * z keeps the old state, as in `gru`; in the paper 1 - z does. If everything is observed, nothing decays and V = 0,
 * this is the GRU with reset before. In the code of the first author (PeterChe1990/GRU-D) the last line has h_{t-1} in
 * the place of h', the mask is 1 where a value is missing, the decay weights begin as zeros, and the activations are a
 * hard sigmoid and, for n, a sigmoid.
 *
 * Options:
 * - `means`: the mean of each variable (`observedMeans` of `@sluice/irregular`). Default zeros, the means of
 *   standardised data.
 * - `decayInitializer`: draws Wh; its absolute values are used. Default {@link meanDecay}. The paper does
 *   not give one. With weights of the usual size (`glorotUniform`) and many variables nothing is left of the state;
 *   `retention` of `@sluice/irregular` shows how much is.
 *
 * Scale times so that typical ones are near 1.
 *
 * Parameters: W, V `[input, 3 hidden]`, U `[hidden, 3 hidden]`, b `[3 hidden]` in the order r, z, n; wx, bx `[input]`;
 * Wh `[input, hidden]`, bh `[hidden]`. States: h `[hidden]`, and `last` `[input]`, the last observed value minus the
 * mean, so that an initial state of zeros stands for the mean. Traces: inputDecay, hiddenDecay, reset, update,
 * candidate. Where x was not observed, it is never read and may be NaN.
 */
export const gruD = defineCell({
  name: "gruD",
  options: { means: undefined as readonly number[] | undefined, decayInitializer: meanDecay },
  extra: ({ input }) => ({ ...observationMask(input), ...timeSinceObservation(input) }),
  params({ input, hidden }, { means, decayInitializer }) {
    if (means !== undefined && (means.length !== input || !means.every(Number.isFinite))) {
      throw new TensorError(`gruD: means must be ${input} finite numbers, one per variable, got ${means.join(", ")}`);
    }
    return {
      W: kernel([input, 3 * hidden]),
      U: recurrentKernel([hidden, 3 * hidden]),
      V: kernel([input, 3 * hidden]),
      b: bias([3 * hidden]),
      wx: decayWeights([input]),
      bx: parameter([input]),
      Wh: decayWeights([input, hidden], decayInitializer),
      bh: parameter([hidden]),
    };
  },
  state: ({ input, hidden }) => ({ h: [hidden], last: [input] }),
  step(
    { W, U, V, b, wx, bx, Wh, bh },
    { h, last },
    x,
    { norm, trace, input: multiply, recurrent, extra, sizes, means },
  ) {
    const { input, hidden } = sizes;
    const m = extra.mask;
    const mean = tensor(means ?? new Array<number>(input).fill(0), [input], { dtype: x.dtype });
    const gates = (y: Tensor): Tensor => sliceAxis(y, y.shape.length - 1, 0, 2 * hidden);
    const candidate = (y: Tensor): Tensor => sliceAxis(y, y.shape.length - 1, 2 * hidden, 3 * hidden);

    const gx = trace("inputDecay", () => decayRate(mul(extra.delta, wx), bx));
    const gh = trace("hiddenDecay", () => decayRate(matmul(extra.delta, Wh), bh));
    const missing = equal(m, 0);
    const seen = select(missing, add(mul(gx, last), mean), x);
    const decayed = mul(gh, h);

    const xW = multiply("x", seen, W);
    const mV = multiply("mask", m, V, { source: "mask" });
    const hU = recurrent("gates", decayed, gates(U));
    const [r1, z1] = split(norm("gates", [gates(xW), hU, gates(mV), gates(b)]), 2);
    const r = trace("reset", sigmoid(r1));
    const z = trace("update", sigmoid(z1));
    const n = trace(
      "candidate",
      tanh(
        norm("candidate", [
          candidate(xW),
          recurrent("candidate", mul(r, decayed), candidate(U)),
          candidate(mV),
          candidate(b),
        ]),
      ),
    );
    const next = add(mul(z, decayed), mul(sub(1, z), n));
    return { state: { h: next, last: select(missing, last, sub(x, mean)) }, output: "h" };
  },
});
