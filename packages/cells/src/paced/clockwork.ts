import { bias, kernel, recurrentKernel } from "@sluice/params";
import {
  concat,
  convert,
  div,
  equal,
  expand,
  floor,
  mul,
  pad,
  select,
  tensor,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";

/**
 * Clockwork RNN (Koutnik et al. 2014, arXiv:1402.3511): the units are divided into groups of equal width, and group i
 * takes a step only where the step index is a multiple of its period. Otherwise it keeps its state.
 *
 *     n_t = tanh(x_t W + h_{t-1} U + b)
 *     h_t = n_t in the groups i with t mod periods_i = 0, h_{t-1} in the others
 *
 * A group reads itself and the groups with longer periods: U, from rows to columns, is block lower triangular, which is
 * the paper's block upper triangular matrix transposed. t counts from 0, so all groups take the first step. Masked
 * steps do not count, and a reset starts t anew. t is exact up to 2^24 steps.
 *
 * Parameters: W `[input, hidden]`, b `[hidden]`, and with g groups of the width k = hidden / g `U.0` `[hidden, k]` into
 * the first group, `U.1` `[hidden - k, k]` from the second group on into the second, and so on. State and output: h.
 * Trace: candidate. Place of norm: candidate.
 *
 * Options:
 * - `periods`: of the groups, ascending. Default 1, 2, 4, 8. Throws a TensorError unless they are ascending integers of
 *   1 or more, whose number divides hidden.
 * - `activation`: default tanh.
 */
export const clockwork = defineCell({
  name: "clockwork",
  options: { periods: [1, 2, 4, 8] as readonly number[], activation: "tanh" as Activation },
  stepIndex: true,
  params({ input, hidden }, { periods }) {
    const width = widthOf(periods, hidden);
    return {
      W: kernel([input, hidden]),
      U: periods.map((_, i) => recurrentKernel([hidden - i * width, width])),
      b: bias([hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent, stepIndex, periods, activation }) {
    const width = hidden / periods.length;
    const whole = concat(
      U.map((into, i) => pad(into, [i * width, 0], [0, 0])),
      1,
    );
    const n1 = norm("candidate", [input("candidate", x, W), recurrent("candidate", h, whole), b]);
    const n = trace("candidate", activationOf(activation)(n1));
    const ofUnits = periods.flatMap((period) => new Array<number>(width).fill(period));
    const isDue = multiples(convert(stepIndex, x.dtype), tensor(ofUnits, [hidden], { dtype: x.dtype }));
    return { state: { h: select(isDue, n, h) }, output: "h" };
  },
});

/** bool `[batch, n]`: whether t `[batch]` is a multiple of each of n periods. */
function multiples(t: Tensor, periods: Tensor): Tensor {
  const steps = expand(t, 1);
  return equal(mul(floor(div(steps, periods)), periods), steps);
}

/** The width of a group. */
function widthOf(periods: readonly number[], hidden: number): number {
  const areAscending = periods.every((T, i) => Number.isSafeInteger(T) && T > (periods[i - 1] ?? 0));
  if (periods.length === 0 || !areAscending)
    throw new TensorError(
      `clockwork: periods must be ascending integers of 1 or more, got ${periods.join(", ") || "none"}`,
    );
  if (hidden % periods.length === 0) return hidden / periods.length;
  throw new TensorError(
    `clockwork: ${periods.length} periods do not divide hidden ${hidden} into groups of equal width; change hidden or give as many periods as divide it`,
  );
}
