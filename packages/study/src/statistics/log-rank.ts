import { normalCdf } from "./normal.ts";

/** The steps that a run took until it solved its task, or, if it did not, the steps for which it was watched. */
export interface StepsToSolve {
  readonly steps: number;
  /** `false` if the run ended unsolved (censored). */
  readonly solved: boolean;
}

/** The result of {@link logRankTest}. */
export interface LogRank {
  /** How many more runs of the first group solved the task than expected if both groups solve it at the same rate. */
  readonly excess: number;
  /** Two-sided p-value. */
  readonly p: number;
  /** How p was computed: "exact", from all divisions of the runs into two groups; or "normal", approximately. */
  readonly method: "exact" | "normal";
}

/** Options of {@link logRankTest}. */
export interface LogRankOptions {
  /**
   * "normal" takes the excess as normally distributed, which is too optimistic for a few runs. "exact" counts the
   * divisions with at least this excess; it assumes that runs of both groups are watched for the same number of steps.
   * Default: "exact" for at most 200,000 divisions, such as 10 and 10 runs.
   */
  readonly method?: "exact" | "normal";
}

const MOST_DIVISIONS = 200_000;

/**
 * Log-rank test (Mantel 1966): whether two groups of runs solve a task at different rates. Runs that did not solve it
 * count as unsolved up to their last step, and are not left out.
 *
 * @throws an error for an empty group, a number of steps that is negative or not finite, or too many divisions.
 */
export function logRankTest(
  first: readonly StepsToSolve[],
  second: readonly StepsToSolve[],
  { method }: LogRankOptions = {},
): LogRank {
  requireRuns("logRankTest", first);
  requireRuns("logRankTest", second);
  const divisions = divisionsOf(first.length, second.length);
  if (method === "exact" && divisions > MOST_DIVISIONS)
    throw new Error(
      `logRankTest: ${first.length} and ${second.length} runs have ${divisions} divisions, expected at most ${MOST_DIVISIONS}; use method "normal"`,
    );
  const all = [...first, ...second];
  const { scores, variance } = scoresOf(all, first);
  const excess = scores.slice(0, first.length).reduce((sum, score) => sum + score, 0);
  if ((method ?? (divisions <= MOST_DIVISIONS ? "exact" : "normal")) === "exact") {
    const sums = sumsOfDivisions(scores, first.length);
    const large = sums.reduce((count, sum) => count + (Math.abs(sum) > Math.abs(excess) - 1e-9 ? 1 : 0), 0);
    return { excess, p: large / sums.length, method: "exact" };
  }
  const p = variance === 0 ? 1 : 2 * normalCdf(-Math.abs(excess) / Math.sqrt(variance));
  return { excess, p, method: "normal" };
}

/**
 * The smallest p-value that the log-rank test can give for two groups of `n` runs: 2 divided by the number of
 * divisions.
 */
export function leastLogRankP(n: number): number {
  return n < 1 ? 1 : Math.min(1, 2 / divisionsOf(n, n));
}

/**
 * A run's part of the excess: 1 if it solved the task, minus the solutions expected of it, which are the sum over all
 * earlier and its own steps of the solved share of those still unsolved. The excess of a group is the sum over its
 * runs.
 */
function scoresOf(
  all: readonly StepsToSolve[],
  first: readonly StepsToSolve[],
): { readonly scores: number[]; readonly variance: number } {
  const events = [...new Set(all.filter(({ solved }) => solved).map(({ steps }) => steps))].sort((a, b) => a - b);
  let variance = 0;
  const rates = events.map((at) => {
    const risk = all.filter(({ steps }) => steps >= at).length;
    const own = first.filter(({ steps }) => steps >= at).length;
    const solved = all.filter((run) => run.solved && run.steps === at).length;
    if (risk > 1) variance += (solved * own * (risk - own) * (risk - solved)) / (risk * risk * (risk - 1));
    return { at, rate: solved / risk };
  });
  const scores = all.map(({ steps, solved }) =>
    rates.reduce((score, { at, rate }) => (at <= steps ? score - rate : score), solved ? 1 : 0),
  );
  return { scores, variance };
}

/** The sums of all choices of `count` scores. */
export function sumsOfDivisions(scores: readonly number[], count: number): Float64Array {
  const sums = new Float64Array(divisionsOf(count, scores.length - count));
  let filled = 0;
  const choose = (from: number, missing: number, sum: number): void => {
    if (missing === 0) {
      sums[filled] = sum;
      filled += 1;
      return;
    }
    for (let next = from; next <= scores.length - missing; next += 1)
      choose(next + 1, missing - 1, sum + (scores[next] ?? 0));
  };
  choose(0, count, 0);
  return sums;
}

/** Whether groups of these sizes are few enough runs for the exact test. */
export function isExact(n: number, m: number): boolean {
  return divisionsOf(n, m) <= MOST_DIVISIONS;
}

/** The number of ways to divide n + m runs into groups of n and m. */
function divisionsOf(n: number, m: number): number {
  let ways = 1;
  for (let i = 1; i <= Math.min(n, m); i += 1) ways = (ways * (n + m + 1 - i)) / i;
  return Math.round(ways);
}

/** Refuses an empty group, and steps that are not a number from 0. */
export function requireRuns(name: string, runs: readonly StepsToSolve[]): void {
  if (runs.length === 0) throw new Error(`${name}: a group has no runs, expected at least one`);
  const wrong = runs.find(({ steps }) => !(Number.isFinite(steps) && steps >= 0));
  if (wrong !== undefined) throw new Error(`${name}: a run has ${wrong.steps} steps, expected a number from 0`);
}
