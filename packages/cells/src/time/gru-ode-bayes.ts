import { bias, constant, kernel, parameter, randomNormal, recurrentKernel } from "@sluice/params";
import {
  add,
  equal,
  exp,
  expand,
  matmul,
  mul,
  reduceMax,
  relu,
  reshape,
  select,
  sigmoid,
  sliceAxis,
  split,
  stack,
  sub,
  sum,
  tanh,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { gru } from "../gated/gru.ts";
import { checkSize } from "../options/size.ts";
import { elapsedTime, observationMask } from "./elapsed.ts";
import { perceptron, perceptronSpecs } from "./perceptron.ts";
import { checkSolver, solveOde, type OdeMethod } from "./solvers.ts";

/**
 * GRU-ODE-Bayes (De Brouwer et al. 2019, arXiv:1905.12374), for series of which each step observes some variables.
 * Between observations the state follows the GRU-ODE; an observation corrects it, given what was predicted of it:
 *
 *     r, z  = sigmoid(h U_r + b_r), sigmoid(h U_z + b_z)
 *     dh/dt = (1 - z) (tanh((r h) U_n + b_n) - h)          for the elapsed time, from h_{t-1} to h'
 *     mu, ln sigma^2 = split(relu(h' P_0 + p_0) P_1 + p_1)
 *     q_d   = m_d relu([x_d, mu_d, ln sigma_d^2, (x_d - mu_d) / sigma_d] Q_d + q_d)      for each variable d
 *     h_t   = GRU(q, h') in rows that observe something, h' in others
 *
 * This is the autonomous GRU-ODE, into which the prediction is not fed back. The authors' code
 * (edebrouwer/gru_ode_bayes) feeds it back by default, and its autonomous GRU-ODE has no b_r, b_z and b_n. Besides x it
 * reads `extra.elapsed` `[batch, time, 1]` and `extra.mask` `[batch, time, input]`, 1 where a value was observed;
 * elsewhere x is not read and may be NaN. The loss of the paper needs mu and ln sigma^2 before the observation: these
 * are the traces `mean` and `logVariance` `[batch, time, input]`, through which gradients flow. The paper makes the
 * initial state from covariates; give it as `state`.
 *
 * Options: `method` "euler" (default), "midpoint" or "rk4", and `steps`, how many it takes whatever the time that
 * passes (default 4); `predictionUnits` (default 25); `preparedUnits` of each q_d (default 10). Parameters: ode.U
 * `[hidden, 3 hidden]`, ode.b `[3 hidden]` in the order r, z, n; prediction.0.W `[hidden, predictionUnits]`,
 * prediction.1.W `[predictionUnits, 2 input]` and their b; Q `[input, 4, preparedUnits]`, q `[input, preparedUnits]`,
 * which begin as in the authors' code; those of the GRU, gru.W, gru.U, gru.b, gru.bh. State and output: gru.h. Traces:
 * mean, logVariance, and those of the GRU, `gru.reset` and so on. A normalizer acts within the GRU. Dropout does not
 * act within the ODE.
 */
export const gruOdeBayes = defineCell({
  name: "gruOdeBayes",
  options: { method: "euler" as OdeMethod, steps: 4, predictionUnits: 25, preparedUnits: 10 },
  extra: ({ input }) => ({ ...elapsedTime, ...observationMask(input) }),
  cells: ({ input, hidden }, { preparedUnits }, { norm }) => ({
    gru: gru({
      input: input * checkSize("gruOdeBayes", "preparedUnits", preparedUnits),
      hidden,
      ...(norm && { norm }),
    }),
  }),
  params({ input, hidden }, { predictionUnits, preparedUnits, ...solver }) {
    checkSolver("gruOdeBayes", solver);
    checkSize("gruOdeBayes", "predictionUnits", predictionUnits);
    return {
      ode: { U: recurrentKernel([hidden, 3 * hidden]), b: bias([3 * hidden]) },
      prediction: perceptronSpecs([hidden, predictionUnits, 2 * input]),
      Q: kernel([input, 4, preparedUnits], {
        initializer: randomNormal({ deviation: Math.sqrt(2 / (4 + preparedUnits)) }),
      }),
      q: parameter([input, preparedUnits], { initializer: constant(0.1) }),
    };
  },
  state: () => ({}),
  step({ ode, prediction, Q, q }, { gru: { h } }, x, { trace, extra, cells, sizes, method, steps, preparedUnits }) {
    const m = extra.mask;
    const evolved = solveOde((y) => gruField(ode, y, sizes.hidden), h, extra.elapsed, { method, steps });
    const [mean, logarithm] = split(perceptron(prediction, evolved, relu), 2);
    const mu = trace("mean", mean);
    const logVariance = trace("logVariance", logarithm);

    const seen = select(equal(m, 0), 0, x);
    const error = mul(sub(seen, mu), exp(mul(-0.5, logVariance)));
    const known = expand(stack([seen, mu, logVariance, error], -1), -1);
    const prepared = mul(expand(m, -1), relu(add(sum(mul(known, Q), 2), q)));
    const flat = reshape(prepared, [x.shape[0] ?? 0, sizes.input * preparedUnits]);
    const observed = cells.gru(flat, { state: { h: evolved } });
    const isMissing = equal(reduceMax(m, 1, { keep: true }), 0);
    return { state: { gru: { h: select(isMissing, evolved, observed.state.h) } }, output: "gru.h" };
  },
});

/** The GRU-ODE, without input. */
function gruField({ U, b }: { readonly U: Tensor; readonly b: Tensor }, h: Tensor, hidden: number): Tensor {
  const gates = (y: Tensor): Tensor => sliceAxis(y, -1, 0, 2 * hidden);
  const candidate = (y: Tensor): Tensor => sliceAxis(y, -1, 2 * hidden, 3 * hidden);
  const [r, z] = split(sigmoid(add(matmul(h, gates(U)), gates(b))), 2);
  const n = tanh(add(matmul(mul(r, h), candidate(U)), candidate(b)));
  return mul(sub(1, z), sub(n, h));
}
