import { indexGenerator } from "./generator.ts";
import type { Interval } from "./intervals.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { mean, quantileOfSorted } from "./summary.ts";

/** Options of {@link bcaInterval}. */
export interface BootstrapOptions {
  /** The statistic; default: the mean. */
  readonly statistic?: (values: readonly number[]) => number;
  /** Confidence level; default 0.95. */
  readonly confidence?: number;
  /** The number of resamples; default 10,000. */
  readonly resamples?: number;
  /** Seed of the resampling, so that the same values always give the same interval; default 0. */
  readonly seed?: number;
}

/** With fewer values the resamples repeat too few of them, and the interval misses too often. */
const FEWEST = 20;

/**
 * Bootstrap interval of any statistic, corrected for bias and skewness (BCa; Efron 1987, "Better bootstrap confidence
 * intervals"). It needs at least 20 values. For the mean of a few seeds use `meanInterval`.
 */
export function bcaInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const { statistic = mean, confidence = 0.95, resamples = 10_000, seed = 0 } = options;
  if (!(confidence > 0 && confidence < 1))
    throw new Error(`bcaInterval: confidence is ${confidence}, expected a number between 0 and 1`);
  if (values.length < FEWEST) {
    throw new Error(
      `bcaInterval: ${values.length} values, expected at least ${FEWEST}; for the mean of fewer use meanInterval (Student's t)`,
    );
  }
  const estimate = statistic(values);
  const draw = indexGenerator(seed);
  const sample: number[] = Array.from({ length: values.length }, () => 0);
  const estimates = new Float64Array(resamples);
  for (let r = 0; r < resamples; r += 1) {
    for (let i = 0; i < values.length; i += 1) sample[i] = values[draw(values.length)] ?? Number.NaN;
    estimates[r] = statistic(sample);
  }
  estimates.sort();
  const below =
    estimates.reduce((count, value) => count + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0) / resamples;
  if (below === 0 || below === 1) return { low: estimates[0] ?? Number.NaN, high: estimates.at(-1) ?? Number.NaN };
  const bias = normalQuantile(below);
  const acceleration = accelerationOf(values, statistic);
  const end = (p: number): number => {
    const z = bias + normalQuantile(p);
    return quantileOfSorted(estimates, normalCdf(bias + z / (1 - acceleration * z)));
  };
  return { low: end((1 - confidence) / 2), high: end((1 + confidence) / 2) };
}

/** By the jackknife: how fast the standard error changes with the estimated value. */
function accelerationOf(values: readonly number[], statistic: (values: readonly number[]) => number): number {
  const left = values.map((_, index) => statistic(values.filter((_, other) => other !== index)));
  const centre = mean(left);
  let squares = 0;
  let cubes = 0;
  for (const value of left) {
    const distance = centre - value;
    squares += distance * distance;
    cubes += distance * distance * distance;
  }
  return squares === 0 ? 0 : cubes / (6 * squares * Math.sqrt(squares));
}
