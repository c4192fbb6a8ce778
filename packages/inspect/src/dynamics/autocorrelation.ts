import { TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { isFloat, showShape, sizeOf } from "@sluice/tensor/internal";
import { checkCount, checkSize } from "../check.ts";
import { doubles } from "../matrices/batches.ts";
import { activeSteps, batchAndTime, checkSteps, type StepOptions } from "../steps.ts";
import type { Autocorrelation } from "./results.ts";

/** Options of {@link autocorrelation}. */
export interface AutocorrelationOptions extends StepOptions {
  /** The largest number of steps between two values. Default: one less than there are steps. */
  readonly lags?: number;
  /** The window of the integrated time, in units of that time. Default 5. */
  readonly window?: number;
}

/**
 * The autocorrelation of each unit of `x` `[batch, time, ...]`, such as the states of a run ({@link stateTrajectory}),
 * and its integrated time: how long a unit's values keep resembling each other. With the deviation d of a value from the
 * mean of the unit over all steps that rows took,
 *
 *     rho(k) = sum of d_t d_{t+k} / sum of d_t^2        tau(W) = 1 + 2 sum_{k=1..W} rho(k)
 *
 * and the time is tau(W) at the smallest W of at least `window` tau(W), which keeps the noise of long lags out (Sokal
 * 1997, Monte Carlo methods in statistical mechanics, section 3). A unit that decays as exp(-t/T) has about 2T. Sums are
 * over all rows; a pair of values counts if its row took all steps between them. If no W up to `lags` is large enough,
 * the time is that of all lags, too short by an unknown amount: give longer sequences.
 *
 * Steps with NaN are taken as missing. Computed in f64 from the values. Throws a TensorError if `x` is not a float
 * tensor with a batch and a time, or if an option is out of range.
 */
export function autocorrelation(x: Tensor, options: AutocorrelationOptions = {}): Autocorrelation {
  const operation = "autocorrelation";
  checkSteps(operation, options, ["lags", "window"]);
  const [batch, time] = batchAndTime(operation, x, "x");
  if (!isFloat(x.dtype))
    throw new TensorError(`${operation}: expected a float tensor, got ${x.dtype} ${showShape(x.shape)}`);
  const { lags: most = Math.max(0, time - 1), window = 5 } = options;
  checkCount(operation, "lags", most, 0);
  checkSize(operation, "window", window, { positive: true });
  const units = sizeOf(x.shape.slice(2));
  const active = valuesOf(activeSteps(operation, [batch, time], options));
  const values = valuesOf(x);
  const lags = Math.min(most, Math.max(0, time - 1)) + 1;
  const [correlation, times] = [new Float64Array(lags * units), new Float64Array(units)];
  for (let unit = 0; unit < units; unit++) {
    const runs = runsOf(batch, time, (i) => ((active[i] ?? 0) === 1 ? (values[i * units + unit] ?? NaN) : NaN));
    const rho = correlationsOf(runs, lags);
    rho.forEach((value, lag) => (correlation[lag * units + unit] = value));
    times[unit] = integrated(rho, window);
  }
  return {
    correlation: doubles(correlation, [lags, ...x.shape.slice(2)]),
    time: doubles(times, [...x.shape.slice(2)]),
  };
}

/** The values of one unit, in runs of steps that follow each other in a row. */
function runsOf(batch: number, time: number, valueAt: (step: number) => number): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (let row = 0; row < batch; row++) {
    let run: number[] = [];
    for (let t = 0; t < time; t++) {
      const value = valueAt(row * time + t);
      if (Number.isNaN(value)) run = [];
      else if (run.push(value) === 1) runs.push(run);
    }
  }
  return runs;
}

function correlationsOf(runs: readonly (readonly number[])[], lags: number): number[] {
  const all = runs.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const deviations = runs.map((run) => run.map((value) => value - mean));
  const products = Array.from({ length: lags }, (_, lag) =>
    deviations.reduce((sum, run) => {
      for (let t = lag; t < run.length; t++) sum += (run[t] ?? NaN) * (run[t - lag] ?? NaN);
      return sum;
    }, 0),
  );
  const [variance = NaN] = products;
  return products.map((value) => (variance > 0 ? value / variance : NaN));
}

/** Sokal's automatic window. */
function integrated(rho: readonly number[], window: number): number {
  let time = -1;
  for (const [lag, value] of rho.entries()) {
    time += 2 * value;
    if (lag >= window * time) return time;
  }
  return time;
}
