import {
  bias,
  kernel,
  parameter,
  constant,
  randomUniform,
  recurrentKernel,
  type Initializer,
  type ParameterSpec,
} from "@sluice/params";
import {
  add,
  div,
  exp,
  floor,
  less,
  mul,
  select,
  sigmoid,
  split,
  sub,
  tanh,
  tensor,
  TensorError,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Phased LSTM (Neil et al. 2016, arXiv:1610.09513): each unit has a clock, and changes only while its clock is open.
 *
 *     phi = ((time_t - s) mod tau) / tau
 *     k   = 2 phi / r                   where phi < r / 2
 *           2 - 2 phi / r               where r / 2 <= phi < r
 *           alpha phi                   elsewhere, in training; 0 in evaluation
 *     i, f, g, o = split(x_t W + h_{t-1} U + b)         and with peepholes w_ci c_{t-1}, w_cf c_{t-1}, w_co c~
 *     c~  = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g),    c_t = k c~ + (1 - k) c_{t-1}
 *     h~  = sigmoid(o) tanh(c~),                        h_t = k h~ + (1 - k) h_{t-1}
 *
 * Besides x it reads `extra.time` `[batch, time, 1]`, the absolute time of the step. A masked step changes nothing, and
 * the clocks go on meanwhile, since the next step brings its own time. Times in f32 have 7 digits: begin each sequence
 * near 0.
 *
 * Options: `logPeriods` (default [0, 3]): tau begins as exp(u) with u uniform between these; `openRatio`, the initial r
 * (default 0.05); `leak` alpha (default 0.001); `peepholes` (default false; they are optional in the paper).
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]` in the order of `lstm`, i, f, g, o; tau,
 * shift, r `[hidden]`, all trained (the authors' code, dannyneil/public_plstm, does not train r), where s = shift tau
 * and shift is initially uniform on [0, 1), so that s is uniform on [0, tau) as in the paper; with peepholes wci, wcf,
 * wco `[hidden]`, initially 0. States: h, c; output: h. Traces: open (k), input, forget, candidate, output. Places of
 * norm: gates, cell (c~).
 */
export const phasedLstm = defineCell({
  name: "phasedLstm",
  options: { logPeriods: [0, 3] as readonly [number, number], openRatio: 0.05, leak: 0.001, peepholes: false },
  extra: () => ({ time: [1] }),
  params({ input, hidden }, { logPeriods, openRatio, leak, peepholes }) {
    checkClock(logPeriods, openRatio, leak);
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden]),
      tau: parameter([hidden], { initializer: exponentialOf(logPeriods) }),
      shift: parameter([hidden], { initializer: randomUniform({ low: 0, high: 1 }) }),
      r: parameter([hidden], { initializer: constant(openRatio) }),
      ...peepholeSpecs(peepholes, hidden),
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step(
    { W, U, b, tau, shift, r, wci, wcf, wco },
    { h, c },
    x,
    { norm, trace, input, recurrent, extra, training, leak },
  ) {
    const turns = sub(div(extra.time, tau), shift);
    const phi = sub(turns, floor(turns));
    const closed = training ? mul(leak, phi) : 0;
    const slope = div(mul(2, phi), r);
    const k = trace("open", select(less(phi, div(r, 2)), slope, select(less(phi, r), sub(2, slope), closed)));

    const seen = (w: Tensor | undefined, a: Tensor, memory: Tensor): Tensor =>
      w === undefined ? a : add(a, mul(w, memory));
    const [a1, a2, a3, a4] = split(norm("gates", [input("gates", x, W), recurrent("gates", h, U), b]), 4);
    const i = trace("input", sigmoid(seen(wci, a1, c)));
    const f = trace("forget", sigmoid(seen(wcf, a2, c)));
    const g = trace("candidate", tanh(a3));
    const proposedC = add(mul(f, c), mul(i, g));
    const o = trace("output", sigmoid(seen(wco, a4, proposedC)));
    const proposedH = mul(o, tanh(norm("cell", proposedC)));
    const opened = (proposed: Tensor, old: Tensor): Tensor => add(mul(k, proposed), mul(sub(1, k), old));
    return { state: { h: opened(proposedH, h), c: opened(proposedC, c) }, output: "h" };
  },
});

function checkClock([low, high]: readonly [number, number], openRatio: number, leak: number): void {
  if (!(low <= high) || !Number.isFinite(low) || !Number.isFinite(high))
    throw new TensorError(`phasedLstm: logPeriods must be two finite numbers, low and high, got ${low}, ${high}`);
  if (!(openRatio > 0 && openRatio <= 1))
    throw new TensorError(`phasedLstm: openRatio must be above 0 and at most 1, got ${openRatio}`);
  if (!(leak >= 0 && leak <= 1)) throw new TensorError(`phasedLstm: leak must lie in [0, 1], got ${leak}`);
}

/** exp(u), with u uniform between `low` and `high`. */
const exponentialOf =
  ([low, high]: readonly [number, number]): Initializer =>
  (key, shape, sizes) => {
    const drawn = low === high ? constant(low) : randomUniform({ low, high });
    return tensor(valuesOf(exp(drawn(key, shape, sizes))), shape, { dtype: "f64" });
  };

const peepholeSpecs = (
  given: boolean,
  hidden: number,
): { wci?: ParameterSpec; wcf?: ParameterSpec; wco?: ParameterSpec } =>
  given ? { wci: parameter([hidden]), wcf: parameter([hidden]), wco: parameter([hidden]) } : {};
