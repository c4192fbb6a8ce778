import {
  keyFor,
  normal,
  randomBits,
  tensor,
  TensorError,
  uniform,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { checkCount } from "../check.ts";
import type { Dataset } from "../dataset.ts";
import type { Facts } from "../facts.ts";
import { drawAliases, drawOptions, generated, type DrawOptions } from "./generated.ts";

/** A curve that is observed at irregular times, and asked for at a later one. */
export type QueriedCurves = {
  /**
   * The observed value and 1; at the last step, the query, two zeros. f32 `[examples, observations + 1, 2]`; zeros beyond
   * the length.
   */
  readonly x: Tensor;
  /** Time since the previous step, at the first step since time 0, f32 `[examples, observations + 1, 1]`. */
  readonly elapsed: Tensor;
  /** The number of observations and one more, for the query, i32 `[examples]`. */
  readonly lengths: Tensor;
  /** The value of the curve, without noise, at the time of the query, f32 `[examples, 1]`. */
  readonly y: Tensor;
  /** The numbers that determine the curve, f32 `[examples, parameters]`. */
  readonly parameters: Tensor;
};

/** A range of numbers, `[lowest, highest]`. */
export type NumberRange = readonly [number, number];

/** Options of {@link dampedOscillators} and {@link irregularSines}. */
export interface QueriedCurveOptions extends DrawOptions {
  /** The most observations of a curve. Default 30. */
  readonly observations?: number;
  /** The fewest observations; every number up to `observations` is equally likely. Default `observations`. */
  readonly fewest?: number;
  /** The time in which observations lie, from 0. Default 10. */
  readonly span?: number;
  /** The longest time from `span` to the query. Default 2. */
  readonly ahead?: number;
  /** The standard deviation of the noise of an observation. Default 0.05. */
  readonly noise?: number;
}

const curveOptions = ["observations", "fewest", "span", "ahead", "noise", ...drawOptions] as const;
const aliases = { points: "observations", steps: "observations", time: "span", horizon: "ahead", ...drawAliases };

/** A family of curves. Its parameters are uniform, each in its interval. */
export interface CurveFamily {
  readonly operation: string;
  readonly facts: Facts;
  readonly name: string;
  readonly what: string;
  readonly intervals: readonly NumberRange[];
  /** The value at a time. */
  readonly at: (time: number, parameters: readonly number[]) => number;
}

/** Checks an interval of an option. */
export function checkInterval(operation: string, name: string, given: NumberRange, least = -Infinity): NumberRange {
  const [low, high] = Array.isArray(given) ? given : [NaN, NaN];
  if (Number.isFinite(low) && Number.isFinite(high) && least <= low && low <= high) return [low, high];
  throw new TensorError(
    `${operation}: ${name} must be an interval [lowest, highest]${least === -Infinity ? "" : ` of numbers from ${least}`}, got ${shown(given)}`,
  );
}

/** Throws an error about options that no queried curve and not this family has. */
export function checkCurveOptions(operation: string, options: object, own: readonly string[]): void {
  checkOptions(operation, options, [...own, ...curveOptions], aliases);
}

export function queriedCurves(family: CurveFamily, options: QueriedCurveOptions): Dataset<QueriedCurves> {
  const { operation, facts, name, what } = family;
  const observations = checkCount(operation, "observations", options.observations ?? 30);
  const fewest = checkCount(operation, "fewest", options.fewest ?? observations);
  if (fewest > observations)
    throw new TensorError(`${operation}: fewest must be at most observations, ${observations}, got ${fewest}`);
  const { span = 10, ahead = 2, noise = 0.05 } = options;
  if (!(Number.isFinite(span) && span > 0))
    throw new TensorError(`${operation}: span must be a time above 0, got ${shown(span)}`);
  for (const [option, value] of Object.entries({ ahead, noise }))
    if (!(Number.isFinite(value) && value >= 0))
      throw new TensorError(`${operation}: ${option} must be a number of at least 0, got ${shown(value)}`);
  const counts = fewest === observations ? `${observations}` : `${fewest} to ${observations}`;
  return generated(
    {
      operation,
      facts,
      name: `${name}, ${counts} observations`,
      what: `${what}, ${counts} observations at times uniform on [0, ${span}) with noise of ${noise}, asked for up to ${ahead} later`,
      caution:
        "There is no published version of this task. Report the error beside that of the mean of the targets, and state all options.",
    },
    options,
    { train: 2000, validation: 200, test: 500 },
    (n, key) => drawCurves(family, key, { n, observations, fewest, span, ahead, noise }),
  );
}

interface Drawn extends Required<Omit<QueriedCurveOptions, keyof DrawOptions>> {
  readonly n: number;
}

function drawCurves({ intervals, at }: CurveFamily, key: ArrayTensor, options: Drawn): QueriedCurves {
  const { n, observations, fewest, span, ahead, noise } = options;
  const numbers = (name: string, width: number): ArrayLike<number> => valuesOf(uniform(keyFor(key, name), [n, width]));
  const [units, draws, queries] = [
    numbers("parameters", intervals.length),
    numbers("times", observations),
    numbers("query", 1),
  ];
  const errors = valuesOf(normal(keyFor(key, "noise"), [n, observations]));
  const steps = observations + 1;
  const [x, elapsed] = [new Float32Array(n * steps * 2), new Float32Array(n * steps)];
  const [y, parameters] = [new Float32Array(n), new Float32Array(n * intervals.length)];
  const lengths = Int32Array.from(
    valuesOf(randomBits(keyFor(key, "counts"), [n])),
    (draw) => fewest + ((draw >>> 0) % (observations - fewest + 1)) + 1,
  );
  lengths.forEach((length, row) => {
    const count = length - 1;
    const own = intervals.map(([low, high], i) =>
      Math.fround(low + (high - low) * (units[row * intervals.length + i] ?? 0)),
    );
    const times = Float64Array.from({ length: count }, (_, i) => span * (draws[row * observations + i] ?? 0)).sort();
    const query = span + ahead * (queries[row] ?? 0);
    times.forEach((time, i) => {
      x[2 * (row * steps + i)] = at(time, own) + noise * (errors[row * observations + i] ?? 0);
      x[2 * (row * steps + i) + 1] = 1;
      elapsed[row * steps + i] = time - (times[i - 1] ?? 0);
    });
    elapsed[row * steps + count] = query - (times[count - 1] ?? 0);
    y[row] = at(query, own);
    parameters.set(own, row * intervals.length);
  });
  return {
    x: tensor(x, [n, steps, 2]),
    elapsed: tensor(elapsed, [n, steps, 1]),
    lengths: tensor(lengths),
    y: tensor(y, [n, 1]),
    parameters: tensor(parameters, [n, intervals.length]),
  };
}
