import { bias, kernel, recurrentKernel } from "@sluice/params";
import {
  add,
  div,
  exp,
  expand,
  log,
  mul,
  neg,
  sliceAxis,
  softmax,
  split,
  square,
  sub,
  sum,
  tanh,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { elapsedTime } from "./elapsed.ts";

/** From 1, each the square root of 10 times the one before. */
const defaultTimeScales = [1, 10, 100, 1000].flatMap((tau) => [tau, tau * Math.sqrt(10)]);

/**
 * CT-GRU, the continuous-time GRU (Mozer et al. 2017, arXiv:1710.04110). Its memory m has a column for each of M fixed
 * time scales tau_i, and forgets each at its own rate. Instead of gates, it chooses the time scales from which it
 * reads and those to which it writes:
 *
 *     m'      = m_{t-1} exp(-dt / tau_i)                    for each time scale i
 *     h'      = sum_i m'_i
 *     ln tau_r, ln tau_s = split(x_t W + h' U + b)          one time scale for each unit
 *     r_i     = softmax over i of -(ln tau_r - ln tau_i)^2  what is read
 *     s_i     = softmax over i of -(ln tau_s - ln tau_i)^2  what is written
 *     q       = tanh(x_t W_q + (sum_i r_i m'_i) U_q + b_q)
 *     m_t     = (1 - s_i) m'_i + s_i q
 *     h_t     = sum_i m_t
 *
 * The paper ends a step with the decay up to the next event; here, as in all cells, the elapsed time dt is that since
 * the last step, so that a step begins with the decay. Besides x it reads `extra.elapsed` `[batch, time, 1]`.
 *
 * Option: `timeScales`, the tau_i in the unit of the elapsed times, increasing (default 8, from 1 to 3162 in steps of a
 * factor of sqrt(10); let them span the elapsed times of the data). Parameters: W `[input, 3 hidden]`, U `[hidden, 3
 * hidden]`, b `[3 hidden]` in the order r, s, q. State: memory `[hidden, M]`; output: h. Traces: retrieval, storage
 * `[hidden, M]`, candidate. Places of norm: gates, candidate.
 */
export const ctGru = defineCell({
  name: "ctGru",
  options: { timeScales: defaultTimeScales as readonly number[] },
  extra: () => elapsedTime,
  params({ input, hidden }, { timeScales }) {
    const isTable = timeScales.every((tau, i) => Number.isFinite(tau) && tau > (timeScales[i - 1] ?? 0));
    if (timeScales.length === 0 || !isTable)
      throw new TensorError(`ctGru: timeScales must be positive, finite and increasing, got ${timeScales.join(", ")}`);
    return {
      W: kernel([input, 3 * hidden]),
      U: recurrentKernel([hidden, 3 * hidden]),
      b: bias([3 * hidden]),
    };
  },
  state: ({ hidden }, { timeScales }) => ({ memory: [hidden, timeScales.length] }),
  step({ W, U, b }, { memory }, x, { norm, trace, input, recurrent, extra, sizes: { hidden }, timeScales }) {
    const scales = (y: Tensor): Tensor => sliceAxis(y, -1, 0, 2 * hidden);
    const candidate = (y: Tensor): Tensor => sliceAxis(y, -1, 2 * hidden, 3 * hidden);
    const tau = tensor(timeScales, [timeScales.length], { dtype: x.dtype });
    const decayed = mul(memory, expand(exp(neg(div(extra.elapsed, tau))), 1));

    const xW = input("x", x, W);
    const hU = recurrent("gates", sum(decayed, -1), scales(U));
    const [lnR, lnS] = split(norm("gates", [scales(xW), hU, scales(b)]), 2);
    const chosen = (lnTau: Tensor): Tensor => softmax(neg(square(sub(expand(lnTau, -1), log(tau)))));
    const r = trace("retrieval", chosen(lnR));
    const s = trace("storage", chosen(lnS));
    const read = recurrent("candidate", sum(mul(r, decayed), -1), candidate(U), { source: "memory" });
    const q = trace("candidate", tanh(norm("candidate", [candidate(xW), read, candidate(b)])));
    const next = add(mul(sub(1, s), decayed), mul(s, expand(q, -1)));
    return { state: { memory: next }, output: sum(next, -1) };
  },
});
