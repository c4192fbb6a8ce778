import { indexGenerator } from "./generator.ts";
import { mean, quantileOfSorted } from "./summary.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** What is estimated; the mean by default. */
  readonly statistic?: (values: readonly number[]) => number;
  /** 0.95 by default. */
  readonly confidence?: number;
  /** How many resamples; 10 000 by default. */
  readonly resamples?: number;
  /** Seed of the resampling, so that the same values always give the same interval; 0 by default. */
  readonly seed?: number;
}

/** Percentile bootstrap interval of a statistic (Efron 1979). Of no values both ends are `NaN`. */
export function bootstrapInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  const { statistic = mean, confidence = 0.95, resamples = 10_000, seed = 0 } = options;
  if (!(confidence > 0 && confidence < 1)) throw new Error(`bootstrapInterval: confidence is ${confidence}, expected a number between 0 and 1`);
  const draw = indexGenerator(seed);
  const sample: number[] = Array.from({ length: values.length }, () => 0);
  const estimates = new Float64Array(resamples);
  for (let r = 0; r < resamples; r += 1) {
    for (let i = 0; i < values.length; i += 1) sample[i] = values[draw(values.length)] ?? Number.NaN;
    estimates[r] = statistic(sample);
  }
  estimates.sort();
  const tail = (1 - confidence) / 2;
  return { low: quantileOfSorted(estimates, tail), high: quantileOfSorted(estimates, 1 - tail) };
}

export interface PairedDifference extends Interval {
  /** Mean of `a[i] - b[i]`. */
  readonly difference: number;
  readonly pairs: number;
}

/** Bootstrap of the mean difference `a[i] - b[i]` of runs that share a seed: what the seed does to both cancels. */
export function pairedBootstrap(a: readonly number[], b: readonly number[], options: Omit<BootstrapOptions, "statistic"> = {}): PairedDifference {
  if (a.length !== b.length) throw new Error(`pairedBootstrap: ${a.length} values against ${b.length}; pairs share a seed, so both need the same number`);
  const differences = a.map((value, index) => value - (b[index] ?? Number.NaN));
  return { difference: mean(differences), pairs: differences.length, ...bootstrapInterval(differences, options) };
}
