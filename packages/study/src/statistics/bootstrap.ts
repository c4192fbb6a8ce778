import { indexGenerator } from "./generator.ts";
import { pairDifferences, requireConfidence, type StatedInterval } from "./intervals.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { studentQuantile } from "./student.ts";
import { mean, quantileOfSorted } from "./summary.ts";

/** How a bootstrap is drawn. */
export interface ResamplingOptions {
  /** Confidence level; default 0.95. */
  readonly confidence?: number;
  /** The number of resamples; default 10,000. */
  readonly resamples?: number;
  /**
   * Whether the interval is widened as Student's t is for few values: a bootstrap draws from the values, whose spread is
   * on average too small (Hesterberg 2015, "What teachers should know about the bootstrap"). SciPy and arch do not widen
   * it. Default true.
   */
  readonly widened?: boolean;
  /** Seed of the resampling, so that the same values always give the same interval; default 0. */
  readonly seed?: number;
}

/** Options of {@link bcaInterval}. */
export interface BootstrapOptions extends ResamplingOptions {
  /** The statistic; default: the mean. */
  readonly statistic?: (values: readonly number[]) => number;
}

/** With fewer values the resamples repeat too few of them, and the interval misses too often. */
const FEWEST = 20;

/**
 * Bootstrap interval of any statistic, corrected for bias and skewness (BCa; Efron 1987, "Better bootstrap confidence
 * intervals"). It needs at least 20 values. For the mean of a few seeds use `meanInterval`.
 */
export function bcaInterval(values: readonly number[], options: BootstrapOptions = {}): StatedInterval {
  const { statistic = mean, ...resampling } = options;
  return bcaOf(values.length, (sample) => statistic(sample.map((index) => values[index] ?? Number.NaN)), {
    ...resampling,
    name: "bcaInterval",
    what: "values",
    instead: "for the mean of fewer use meanInterval (Student's t)",
  });
}

/**
 * BCa interval of any statistic of two paired samples, such as the difference of their interquartile means: pairs are
 * drawn together. Default: the difference of the means, `first - second`. It needs at least 20 pairs.
 *
 * @throws an error if the samples differ in length, or for fewer pairs.
 */
export function pairedBootstrapInterval(
  first: readonly number[],
  second: readonly number[],
  options: ResamplingOptions & {
    readonly statistic?: (first: readonly number[], second: readonly number[]) => number;
  } = {},
): StatedInterval {
  const { statistic = (a, b) => mean(a) - mean(b), ...resampling } = options;
  pairDifferences("pairedBootstrapInterval", first, second);
  const of = (values: readonly number[], sample: readonly number[]): number[] =>
    sample.map((index) => values[index] ?? Number.NaN);
  return bcaOf(first.length, (sample) => statistic(of(first, sample), of(second, sample)), {
    ...resampling,
    name: "pairedBootstrapInterval",
    what: "pairs",
    instead: "for the mean difference of fewer use pairedInterval (Student's t)",
  });
}

/** Options of {@link clusterInterval}. */
export interface ClusterOptions extends BootstrapOptions {
  /** What a cluster is, in the plural, such as "patients" or "pieces". Default "clusters". */
  readonly unit?: string;
}

/**
 * BCa interval for values that belong together in clusters: several windows of a patient, frames of a clip, notes of a
 * piece. Values of one cluster are not independent, so whole clusters are drawn. An interval that draws single values
 * is too narrow. The statistic is of all values of the drawn clusters; default: their mean, in which large clusters
 * count more. It needs at least 20 clusters.
 *
 * @param clusters The values of each cluster.
 * @throws an error for an empty cluster, or for fewer clusters.
 */
export function clusterInterval(
  clusters: readonly (readonly number[])[],
  { statistic = mean, unit = "clusters", ...resampling }: ClusterOptions = {},
): StatedInterval {
  const empty = clusters.findIndex((cluster) => cluster.length === 0);
  if (empty >= 0) throw new Error(`clusterInterval: cluster ${empty} has no values; leave it out`);
  return bcaOf(clusters.length, (sample) => statistic(sample.flatMap((index) => clusters[index] ?? [])), {
    ...resampling,
    name: "clusterInterval",
    what: unit,
    instead: "for fewer use studentInterval of one value per cluster",
  });
}

interface BcaOptions extends ResamplingOptions {
  /** The function, for its errors. */
  readonly name: string;
  /** What is drawn, in the plural. */
  readonly what: string;
  /** What to do if there are too few. */
  readonly instead: string;
}

/** @param statistic A statistic of the drawn units, which are given by their indices. */
function bcaOf(count: number, statistic: (sample: readonly number[]) => number, options: BcaOptions): StatedInterval {
  const { name, what, instead, confidence = 0.95, resamples = 10_000, seed = 0, widened = true } = options;
  requireConfidence(name, confidence);
  requireResamples(name, resamples);
  if (count < FEWEST) throw new Error(`${name}: ${count} ${what}, expected at least ${FEWEST}; ${instead}`);
  const every = Array.from({ length: count }, (_, index) => index);
  const estimate = statistic(every);
  const draw = indexGenerator(seed);
  const sample = [...every];
  const estimates = new Float64Array(resamples);
  for (let r = 0; r < resamples; r += 1) {
    for (let i = 0; i < count; i += 1) sample[i] = draw(count);
    estimates[r] = statistic(sample);
  }
  estimates.sort();
  const method = `${widened ? "widened " : ""}BCa bootstrap over ${count} ${what}, ${resamples} resamples`;
  const below =
    estimates.reduce((sum, value) => sum + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0) / resamples;
  if (below === 0 || below === 1) {
    const [low = Number.NaN, high = Number.NaN] = [estimates[0], estimates.at(-1)];
    return { estimate, low, high, confidence, method };
  }
  const bias = normalQuantile(below);
  const acceleration = accelerationOf(every.map((left) => statistic(every.filter((index) => index !== left))));
  const upper = (1 + confidence) / 2;
  const reach = widened ? Math.sqrt(count / (count - 1)) * studentQuantile(upper, count - 1) : normalQuantile(upper);
  const end = (sign: 1 | -1): number => {
    const z = bias + sign * reach;
    return quantileOfSorted(estimates, normalCdf(bias + z / (1 - acceleration * z)));
  };
  return { estimate, low: end(-1), high: end(1), confidence, method };
}

/**
 * How fast the standard error changes with the estimated value, by the jackknife.
 *
 * @param left The statistic without each of the units.
 */
function accelerationOf(left: readonly number[]): number {
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

/** Refuses a number of resamples that no interval can be read from. */
export function requireResamples(name: string, resamples: number): void {
  if (!(Number.isInteger(resamples) && resamples >= 2))
    throw new Error(`${name}: resamples is ${resamples}, expected an integer of at least 2`);
}
