import { requireResamples, type ResamplingOptions } from "./bootstrap.ts";
import { indexGenerator } from "./generator.ts";
import { requireConfidence, type Interval, type StatedInterval } from "./intervals.ts";
import { interquartileMean, mean, quantileOfSorted } from "./summary.ts";

/** The scores of one variant: for each task, one score per seed. Tasks may have different numbers of seeds. */
export type TaskScores = readonly (readonly number[])[];

/** Options of a bootstrap within tasks. */
export interface StratifiedOptions extends Omit<ResamplingOptions, "widened"> {
  /**
   * How many seeds a resample draws of each task with n seeds. With "n" the spread of a resample is too small by the
   * factor (n - 1) / n, and intervals over few seeds miss too often. With "n - 1" it is right for means (McCarthy and
   * Snowden 1985). rliable draws "n". Default "n - 1".
   */
  readonly draws?: "n - 1" | "n";
}

/** Options of {@link stratifiedInterval}. */
export interface StratifiedStatistic extends StratifiedOptions {
  /** The statistic of the scores; default: the interquartile mean over all seeds and tasks. */
  readonly statistic?: (scores: TaskScores) => number;
}

/**
 * Percentile bootstrap interval of a statistic over tasks, with seeds drawn within each task (Agarwal et al. 2021,
 * "Deep reinforcement learning at the edge of the statistical precipice"). It says how much the result depends on the
 * seeds, given these tasks; it says nothing about other tasks. Scores of different tasks must be comparable, such as
 * accuracies or normalized scores.
 *
 * @throws an error if a task has fewer than two scores.
 */
export function stratifiedInterval(scores: TaskScores, options: StratifiedStatistic = {}): StatedInterval {
  const { statistic = interquartileMeanOfTasks, confidence = 0.95, ...drawing } = options;
  requireConfidence("stratifiedInterval", confidence);
  const estimates = resampledScores("stratifiedInterval", scores, (sample) => [statistic(sample)], drawing);
  return {
    estimate: statistic(scores),
    ...percentiles(estimates[0] ?? new Float64Array(), confidence),
    confidence,
    method: methodOf(scores, drawing),
  };
}

/** One point of a performance profile. */
export interface ProfilePoint extends Interval {
  /** The score. */
  readonly above: number;
  /** The share of seeds and tasks with a higher score. */
  readonly share: number;
}

/** Options of {@link performanceProfile}. */
export interface ProfileOptions extends StratifiedOptions {
  /** The scores at which the share is computed. */
  readonly at: readonly number[];
}

/**
 * For each of some scores, the share of all seeds that score higher, with a bootstrap interval of that point
 * (performance profile, or score distribution; Agarwal et al. 2021). Each task has the same weight. Default: 2,000
 * resamples.
 *
 * @throws an error if a task has fewer than two scores.
 */
export function performanceProfile(scores: TaskScores, options: ProfileOptions): readonly ProfilePoint[] {
  const { at, confidence = 0.95, resamples = 2000, ...drawing } = options;
  requireConfidence("performanceProfile", confidence);
  const shares = (sample: TaskScores): number[] =>
    at.map((above) =>
      mean(sample.map((task) => task.reduce((sum, score) => sum + (score > above ? 1 : 0), 0) / task.length)),
    );
  const points = shares(scores);
  const estimates = resampledScores("performanceProfile", scores, shares, { ...drawing, resamples });
  return at.map((above, index) => ({
    above,
    share: points[index] ?? Number.NaN,
    ...percentiles(estimates[index] ?? new Float64Array(), confidence),
  }));
}

/** Interquartile mean over all seeds of all tasks. */
export function interquartileMeanOfTasks(scores: TaskScores): number {
  return interquartileMean(scores.flat());
}

/**
 * By how much scores fall short of `target` on average: the mean of `target - score`, where scores above the target
 * count as the target (Agarwal et al. 2021). Lower is better. Each task has the same weight.
 */
export function optimalityGap(scores: TaskScores, { target = 1 }: { readonly target?: number } = {}): number {
  return target - mean(scores.map((task) => mean(task.map((score) => Math.min(score, target)))));
}

/**
 * The probability that a run of `first` scores higher than one of `second` on the same task, half for ties, averaged
 * over tasks (Agarwal et al. 2021). For its interval, give `stratifiedInterval` the tasks of both:
 * `stratifiedInterval([...first, ...second], { statistic: (all) => probabilityOfImprovement(all.slice(0, n), all.slice(n)) })`.
 *
 * @throws an error if the numbers of tasks differ.
 */
export function probabilityOfImprovement(first: TaskScores, second: TaskScores): number {
  if (first.length !== second.length)
    throw new Error(
      `probabilityOfImprovement: ${first.length} and ${second.length} tasks, expected the same tasks in the same order`,
    );
  return mean(
    first.map((own, task) => {
      const others = second[task] ?? [];
      let sum = 0;
      for (const a of own) for (const b of others) sum += a > b ? 1 : a === b ? 0.5 : 0;
      return sum / (own.length * others.length);
    }),
  );
}

/** Some statistics of scores whose seeds are drawn within each task: the values of each, sorted. */
function resampledScores(
  name: string,
  scores: TaskScores,
  statistics: (sample: TaskScores) => readonly number[],
  { resamples = 10_000, seed = 0, draws = "n - 1" }: StratifiedOptions,
): readonly Float64Array[] {
  requireResamples(name, resamples);
  const few = scores.findIndex((task) => task.length < 2);
  if (scores.length === 0 || few >= 0)
    throw new Error(
      scores.length === 0
        ? `${name}: no tasks, expected at least one`
        : `${name}: task ${few} has ${scores[few]?.length} scores, expected at least 2: one seed says nothing about the spread`,
    );
  const draw = indexGenerator(seed);
  const sample = scores.map((task) => task.slice(0, draws === "n" ? task.length : task.length - 1));
  const estimates = statistics(scores).map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r += 1) {
    sample.forEach((drawn, task) => {
      const own = scores[task] ?? [];
      for (let i = 0; i < drawn.length; i += 1) drawn[i] = own[draw(own.length)] ?? Number.NaN;
    });
    statistics(sample).forEach((value, index) => {
      const values = estimates[index];
      if (values !== undefined) values[r] = value;
    });
  }
  return estimates.map((values) => values.sort());
}

function percentiles(sorted: Float64Array, confidence: number): Interval {
  return {
    low: quantileOfSorted(sorted, (1 - confidence) / 2),
    high: quantileOfSorted(sorted, (1 + confidence) / 2),
  };
}

function methodOf(scores: TaskScores, { resamples = 10_000, draws = "n - 1" }: StratifiedOptions): string {
  const runs = scores.reduce((sum, task) => sum + task.length, 0);
  return `stratified bootstrap of ${runs} scores over ${scores.length} tasks, percentiles of ${resamples} resamples of ${draws} seeds per task`;
}
