import { bias, glorotUniform, kernel, parameter, recurrentKernel, type ParameterSpec } from "@sluice/params";
import {
  add,
  greater,
  mul,
  select,
  sigmoid,
  split,
  sub,
  tanh,
  tensor,
  TensorError,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { elapsedTime } from "./elapsed.ts";

/** Which of the paper's three cells a {@link timeLstm} is. */
export type TimeLstmForm = 1 | 2 | 3;

/**
 * Time-LSTM (Zhu et al. 2017, "What to do next: modeling user behaviors by Time-LSTM", doi:10.24963/ijcai.2017/504): an
 * LSTM with peepholes and gates that depend on the elapsed time dt.
 *
 *     i   = sigmoid(x_t W_i + h_{t-1} U_i + w_ci c_{t-1} + b_i)
 *     f   = sigmoid(x_t W_f + h_{t-1} U_f + w_cf c_{t-1} + b_f)
 *     g   = tanh(x_t W_g + h_{t-1} U_g + b_g)
 *     T_k = sigmoid(x_t W_xk + sigmoid(dt W_tk) + b_k)                   k = 1; in forms 2 and 3 also k = 2
 *     m   = f c_{t-1} + i T_1 g,                c_t = m                            form 1
 *     m   = f c_{t-1} + i T_1 g,                c_t = f c_{t-1} + i T_2 g          form 2
 *     m   = (1 - i T_1) c_{t-1} + i T_1 g,      c_t = (1 - i) c_{t-1} + i T_2 g    form 3
 *     o   = sigmoid(x_t W_o + h_{t-1} U_o + dt W_to + w_co m + b_o)
 *     h_t = o tanh(m)
 *
 * In forms 2 and 3, T_1 filters what the present step is worth now and T_2 what is stored; the paper holds W_t1 <= 0
 * there, so that the present step is worth less the longer ago the last one is: W_t1 begins negative and is projected
 * after every update. In the authors' code (DarryO/time_lstm) the inner function of T_k is tanh by default, and W_t1 is
 * held above -0.00001, not below it.
 *
 * Besides x it reads `extra.elapsed` `[batch, time, 1]`. Option: `form` (default 3, the best in the paper). Parameters:
 * W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` in the order i, f, g, o (form 3: 3 hidden; i, g, o); Wx
 * `[input, 2 hidden]` and bx `[2 hidden]` of the gates T_1, T_2 (form 1: hidden); Wt1, Wt2, Wto and the peepholes wci,
 * wcf, wco `[hidden]`, the latter initially 0. States: h, c; output: h. Traces: input, forget, candidate, time1, time2,
 * output. Places of norm: gates, time, cell (m).
 */
export const timeLstm = defineCell({
  name: "timeLstm",
  options: { form: 3 as TimeLstmForm },
  extra: () => elapsedTime,
  params({ input, hidden }, { form }) {
    if (![1, 2, 3].includes(form)) throw new TensorError(`timeLstm: form must be 1, 2 or 3, got ${String(form)}`);
    const gates = form === 3 ? 3 : 4;
    const times = form === 1 ? 1 : 2;
    return {
      W: kernel([input, gates * hidden]),
      U: recurrentKernel([hidden, gates * hidden]),
      b: bias([gates * hidden]),
      Wx: kernel([input, times * hidden]),
      bx: bias([times * hidden]),
      Wt1: form === 1 ? timeWeights(hidden) : { ...timeWeights(hidden), adjust: negative, constraint: notPositive },
      Wto: timeWeights(hidden),
      wci: parameter([hidden]),
      wco: parameter([hidden]),
      ...(form === 1 ? {} : secondTime(hidden)),
      ...(form === 3 ? {} : forgetPeephole(hidden)),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, Wx, bx, Wt1, Wt2, Wto, wci, wcf, wco }, { h, c }, x, { norm, trace, input, recurrent, extra, form }) {
    const dt = extra.elapsed;
    const gates = norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]);
    const [a1, a2, a3, a4] = form === 3 ? withoutForget(gates) : split(gates, 4);
    const i = trace("input", sigmoid(add(a1, mul(wci, c))));
    const f = a2 && wcf && trace("forget", sigmoid(add(a2, mul(wcf, c))));
    const g = trace("candidate", tanh(a3));

    const times = norm("time", [input("time", x, Wx), bx]);
    const [s1, s2] = Wt2 === undefined ? [times] : split(times, 2);
    const T1 = trace("time1", timeGate(s1, dt, Wt1));
    const worth = mul(i, T1);
    const m = add(mul(f ?? sub(1, worth), c), mul(worth, g));
    const o = trace("output", sigmoid(add(add(a4, mul(dt, Wto)), mul(wco, m))));
    const nextH = mul(o, tanh(norm("cell", m)));
    if (s2 === undefined || Wt2 === undefined) return { state: { h: nextH, c: m }, output: "h" };
    const T2 = trace("time2", timeGate(s2, dt, Wt2));
    return { state: { h: nextH, c: add(mul(f ?? sub(1, i), c), mul(mul(i, T2), g)) }, output: "h" };
  },
});

const timeGate = (s: Tensor, dt: Tensor, Wt: Tensor): Tensor => sigmoid(add(s, sigmoid(mul(dt, Wt))));

function withoutForget(gates: Tensor): readonly [Tensor, undefined, Tensor, Tensor] {
  const [i, g, o] = split(gates, 3);
  return [i, undefined, g, o];
}

const timeWeights = (hidden: number): ParameterSpec => parameter([hidden], { initializer: glorotUniform });

const secondTime = (hidden: number): { Wt2?: ParameterSpec } => ({ Wt2: timeWeights(hidden) });

const forgetPeephole = (hidden: number): { wcf?: ParameterSpec } => ({ wcf: parameter([hidden]) });

const negative = ({ data, shape, dtype }: ArrayTensor): ArrayTensor =>
  tensor(
    data.map((w) => -Math.abs(w)),
    shape,
    { dtype },
  );

/** The nearest weights that are not positive. */
const notPositive = (w: Tensor): Tensor => select(greater(w, 0), 0, w);
