import { TensorError, uniform, valuesOf } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import type { Dataset } from "../dataset.ts";
import { lorenz as facts } from "../facts.ts";
import { forecastOptions, forecasts, type Forecasts, type ForecastOptions } from "./forecast.ts";
import { drawAliases, drawOptions } from "./generated.ts";

/** Options of {@link lorenz}. */
export interface LorenzOptions extends ForecastOptions {
  /** Default 10. */
  readonly sigma?: number;
  /** Default 28. */
  readonly rho?: number;
  /** Default 8/3. */
  readonly beta?: number;
}

/** The state of the system. */
export type LorenzState = readonly [number, number, number];

/** Parameters of the equations and the step of the integration. */
export interface LorenzSystem {
  readonly sigma: number;
  readonly rho: number;
  readonly beta: number;
  readonly step: number;
}

/**
 * Forecasts of the Lorenz system (Lorenz 1963, "Deterministic nonperiodic flow"): `x' = sigma (y - x)`, `y' = x (rho - z)
 * - y`, `z' = x y - beta z`, integrated by the classical Runge-Kutta method of order 4. Paths begin at random in `[-10,
 * 10] x [-10, 10] x [15, 35]`. The values are the states themselves, up to about 50; scale them for training.
 *
 * With the usual parameters an error grows by a factor of e in about 1.1 units of time. So a path depends on the step of
 * the integration after some tens of units.
 */
export function lorenz(options: LorenzOptions = {}): Dataset<Forecasts> {
  const operation = "lorenz";
  checkOptions(operation, options, ["sigma", "rho", "beta", ...forecastOptions, ...drawOptions], {
    dt: "step",
    length: "time",
    horizon: "ahead",
    ...drawAliases,
  });
  const { sigma = 10, rho = 28, beta = 8 / 3 } = options;
  for (const [name, value] of Object.entries({ sigma, rho, beta }))
    if (!Number.isFinite(value)) throw new TensorError(`${operation}: ${name} must be a number, got ${shown(value)}`);
  return forecasts(
    {
      operation,
      facts,
      name: "Lorenz system",
      what: `the Lorenz system with sigma ${sigma}, rho ${rho}, beta ${beta}`,
      features: 3,
      defaults: { step: 0.01, every: 5, washout: 200 },
      path(key, count, { step, every, washout }) {
        const [a = 0, b = 0, c = 0] = valuesOf(uniform(key, [3]));
        const initial: LorenzState = [20 * a - 10, 20 * b - 10, 20 * c + 15];
        const system = { sigma, rho, beta, step: checkStep(operation, step) };
        return lorenzPath(initial, system, washout * every + (count - 1) * every, every).slice(washout);
      },
    },
    options,
  );
}

function checkStep(operation: string, step: number): number {
  if (step <= 0.05) return step;
  throw new TensorError(`${operation}: step must be at most 0.05, got ${step}: with longer ones the path runs away`);
}

/** The states at every `every`-th of so many steps from the initial one, which is the first. */
export function lorenzPath(initial: LorenzState, system: LorenzSystem, steps: number, every = 1): LorenzState[] {
  const path: LorenzState[] = [initial];
  let state = initial;
  for (let n = 1; n <= steps; n++) {
    state = stepOf(state, system);
    if (n % every === 0) path.push(state);
  }
  return path;
}

/** One step of the classical Runge-Kutta method. */
function stepOf(u: LorenzState, { sigma, rho, beta, step: h }: LorenzSystem): LorenzState {
  const f = ([x, y, z]: LorenzState): LorenzState => [sigma * (y - x), x * (rho - z) - y, x * y - beta * z];
  const along = (k: LorenzState, by: number): LorenzState => [u[0] + by * k[0], u[1] + by * k[1], u[2] + by * k[2]];
  const k1 = f(u);
  const k2 = f(along(k1, h / 2));
  const k3 = f(along(k2, h / 2));
  const k4 = f(along(k3, h));
  const next = (i: 0 | 1 | 2): number => u[i] + (h / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return [next(0), next(1), next(2)];
}
