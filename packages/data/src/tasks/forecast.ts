import { keyAt, tensor, TensorError, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import type { Facts } from "../facts.ts";
import { generated, type DrawOptions } from "./generated.ts";

/** A path of a system, and what follows. */
export type Forecasts = {
  /** The values, f32 `[examples, time, features]`. */
  readonly x: Tensor;
  /** The values `ahead` steps later, f32 `[examples, time, features]`. */
  readonly y: Tensor;
};

/** Options of {@link lorenz} and {@link mackeyGlass}. */
export interface ForecastOptions extends DrawOptions {
  /** Steps of a sequence. Default 200. */
  readonly time?: number;
  /** How many steps ahead the target is. Default 1. */
  readonly ahead?: number;
  /** The step of the integration, in units of time. Default 0.01 for the Lorenz system, 0.1 for Mackey-Glass. */
  readonly step?: number;
  /** Steps of the integration from one value to the next. Default 5 for the Lorenz system, 10 for Mackey-Glass. */
  readonly every?: number;
  /** Values that are left out at the beginning, so that a path has come near the attractor. Default 200. */
  readonly washout?: number;
}

export const forecastOptions = ["time", "ahead", "step", "every", "washout"] as const;

/** How a path is integrated and read. */
type Sampling = Required<Pick<ForecastOptions, "step" | "every" | "washout">>;

/** A system of differential equations. */
export interface System {
  readonly operation: string;
  readonly facts: Facts;
  readonly name: string;
  readonly what: string;
  readonly features: number;
  readonly defaults: Sampling;
  /** So many values after the washout, of a path with a random beginning. */
  readonly path: (key: ArrayTensor, count: number, sampling: Sampling) => readonly (readonly number[])[];
}

export function forecasts(system: System, options: ForecastOptions): Dataset<Forecasts> {
  const { operation, facts, name, what, features, defaults, path } = system;
  const time = checkCount(operation, "time", options.time ?? 200);
  const ahead = checkCount(operation, "ahead", options.ahead ?? 1);
  const every = checkCount(operation, "every", options.every ?? defaults.every);
  const washout = checkCount(operation, "washout", options.washout ?? defaults.washout, 0);
  const { step = defaults.step } = options;
  if (!(Number.isFinite(step) && step > 0))
    throw new TensorError(`${operation}: step must be a time above 0, got ${shown(step)}`);
  return generated(
    {
      operation,
      facts,
      name: `${name}, ${time} steps, ${ahead} ahead`,
      what: `${what}; Runge-Kutta of order 4 with steps of ${step}, every ${every} steps a value, the first ${washout} left out`,
      caution:
        "Papers differ in the step, in the time between values and in their scale. State them, and report the error beside that of repeating the last value.",
    },
    options,
    { train: 500, validation: 50, test: 100 },
    (n, key) => {
      const [x, y] = [new Float32Array(n * time * features), new Float32Array(n * time * features)];
      for (let row = 0; row < n; row++) {
        const own = keyOfRow(key, row);
        const values = path(own, time + ahead, { step, every, washout }).flat();
        x.set(values.slice(0, time * features), row * time * features);
        y.set(values.slice(ahead * features), row * time * features);
      }
      const shape = [n, time, features];
      return { x: tensor(x, shape), y: tensor(y, shape) };
    },
  );
}

const keyOfRow = (key: ArrayTensor, row: number): ArrayTensor =>
  tensor(Int32Array.from(valuesOf(keyAt(key, row))), [2]);
