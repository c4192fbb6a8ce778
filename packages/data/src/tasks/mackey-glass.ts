import { TensorError, uniform, valuesOf } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import { mackeyGlass as facts } from "../facts.ts";
import { forecastOptions, forecasts, type ForecastOptions, type Forecasts } from "./forecast.ts";
import { drawAliases, drawOptions } from "./generated.ts";

/** Options of {@link mackeyGlass}. */
export interface MackeyGlassOptions extends ForecastOptions {
  /** The delay tau, in units of time, a multiple of `step`. The path is chaotic from about 16.8 on. Default 17. */
  readonly delay?: number;
  /** Default 0.2. */
  readonly beta?: number;
  /** Default 0.1. */
  readonly gamma?: number;
  /** The power n, an integer. Default 10. */
  readonly exponent?: number;
}

/** Parameters of the equation and the step of the integration. */
export interface MackeyGlassSystem {
  readonly beta: number;
  readonly gamma: number;
  readonly exponent: number;
  readonly step: number;
  /** The delay, in steps. */
  readonly lag: number;
}

/**
 * Forecasts of the Mackey-Glass equation (Mackey and Glass 1977, "Oscillation and chaos in physiological control
 * systems"): `x'(t) = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t)`, integrated by the classical Runge-Kutta method
 * of order 4. The delayed value at half a step is interpolated by a cubic polynomial through the values and the slopes on
 * both sides. Before time 0 a path is constant, at a random value in [0.5, 1.5].
 */
export function mackeyGlass(options: MackeyGlassOptions = {}): Dataset<Forecasts> {
  const operation = "mackeyGlass";
  checkOptions(operation, options, ["delay", "beta", "gamma", "exponent", ...forecastOptions, ...drawOptions], {
    tau: "delay",
    n: "exponent",
    dt: "step",
    length: "time",
    horizon: "ahead",
    ...drawAliases,
  });
  const { delay = 17, beta = 0.2, gamma = 0.1 } = options;
  const exponent = checkCount(operation, "exponent", options.exponent ?? 10);
  for (const [name, value] of Object.entries({ delay, beta, gamma }))
    if (!(Number.isFinite(value) && value > 0))
      throw new TensorError(`${operation}: ${name} must be a number above 0, got ${shown(value)}`);
  return forecasts(
    {
      operation,
      facts,
      name: `Mackey-Glass, delay ${delay}`,
      what: `the Mackey-Glass equation with delay ${delay}, beta ${beta}, gamma ${gamma}, power ${exponent}`,
      features: 1,
      defaults: { step: 0.1, every: 10, washout: 200 },
      path(key, count, { step, every, washout }) {
        const lag = Math.round(delay / step);
        if (lag < 1 || Math.abs(lag * step - delay) > 1e-9 * delay)
          throw new TensorError(
            `${operation}: the delay ${delay} is not a multiple of step, ${step}; choose another step`,
          );
        const [unit = 0] = valuesOf(uniform(key, [1]));
        const system = { beta, gamma, exponent, step, lag };
        const path = mackeyGlassPath(0.5 + unit, system, washout * every + (count - 1) * every);
        return Array.from({ length: count }, (_, i) => [path[(washout + i) * every] ?? NaN]);
      },
    },
    options,
  );
}

/** The values at the times 0, h, ..., `steps` h of the path that is constant before 0. */
export function mackeyGlassPath(initial: number, system: MackeyGlassSystem, steps: number): Float64Array {
  const { beta, gamma, exponent, step: h, lag } = system;
  const f = (x: number, delayed: number): number => (beta * delayed) / (1 + power(delayed, exponent)) - gamma * x;
  const [x, slope] = [new Float64Array(steps + 1), new Float64Array(steps + 1)];
  x[0] = initial;
  const at = (n: number): number => (n < 0 ? initial : (x[n] ?? NaN));
  // Between n and n + 1. The slope has a jump at 0, and before it there is none.
  const halfway = (n: number): number =>
    n < 0 ? initial : (at(n) + at(n + 1)) / 2 + (h / 8) * ((slope[n] ?? NaN) - (slope[n + 1] ?? NaN));
  for (let n = 0; n < steps; n++) {
    const now = at(n);
    const k1 = f(now, at(n - lag));
    slope[n] = k1;
    const between = halfway(n - lag);
    const k2 = f(now + (h / 2) * k1, between);
    const k3 = f(now + (h / 2) * k2, between);
    const k4 = f(now + h * k3, at(n + 1 - lag));
    x[n + 1] = now + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return x;
}

/** x to an integer power of at least 1, by repeated multiplication. */
function power(x: number, exponent: number): number {
  let [result, square] = [1, x];
  for (let n = exponent; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
