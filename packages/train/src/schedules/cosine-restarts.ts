import { div, floor, less, mul, scalar, select, sub, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { halfCosine } from "./cosine.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@link cosineRestarts}. */
export interface CosineRestartsOptions {
  /** eta_max, the value at step 0 and after each restart. */
  readonly start: number;
  /** eta_min, which the value approaches before each restart. Default 0. */
  readonly end?: number;
  /** T_0, the steps of the first period: an integer. */
  readonly steps: number;
  /** T_mult, an integer: each period has so many times the steps of the one before. Default 1. */
  readonly factor?: number;
}

/**
 * Cosine annealing with warm restarts, SGDR (Loshchilov and Hutter 2017, arXiv 1608.03983, eq. 5):
 *
 *     eta = eta_min + (eta_max - eta_min) (1 + cos(pi T_cur / T_i)) / 2
 *
 * T_i is the length of the period, `T_0 T_mult^i`, and T_cur the number of steps since the restart.
 */
export function cosineRestarts(options: CosineRestartsOptions): Schedule {
  checkOptions("cosineRestarts", options, ["start", "end", "steps", "factor"], {
    T_0: "steps",
    T_mult: "factor",
    eta_min: "end",
  });
  const { start, end = 0, steps, factor = 1 } = options;
  for (const [name, value] of Object.entries({ steps, factor }))
    if (!Number.isInteger(value) || value < 1)
      throw new TensorError(`cosineRestarts: expected an integer ${name} >= 1, got ${value}`);
  const share = factor === 1 ? shareOfEqual(steps) : shareOfGrowing(steps, factor);
  return (t) => halfCosine(start, end, share(t));
}

/** T_cur / T_i where every period has `steps` steps. T_cur is exact while t is. */
const shareOfEqual =
  (steps: number) =>
  (t: Tensor): Tensor =>
    div(sub(t, mul(floor(div(t, steps)), steps)), steps);

/** T_cur / T_i where periods grow. There are few of them below the largest step, 2^31. */
function shareOfGrowing(steps: number, factor: number): (t: Tensor) => Tensor {
  const periods: { readonly begin: number; readonly length: number }[] = [];
  for (let begin = 0, length = steps; begin < STEP_LIMIT; begin += length, length *= factor)
    periods.push({ begin, length });
  return (t) => {
    const inPeriod = (choose: (period: { readonly begin: number; readonly length: number }) => number): Tensor =>
      periods.reduce<Tensor>(
        (before, period) => select(less(t, period.begin), before, choose(period)),
        scalar(0, t.dtype),
      );
    return div(
      sub(
        t,
        inPeriod(({ begin }) => begin),
      ),
      inPeriod(({ length }) => length),
    );
  };
}

const STEP_LIMIT = 2147483648;
