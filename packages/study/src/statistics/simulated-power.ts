import { indexGenerator } from "./generator.ts";
import { isExact, leastLogRankP, sumsOfDivisions } from "./log-rank.ts";
import { normalQuantile } from "./normal.ts";
import { detectableEffect, requireNumbers, requirePower, smallest, type PowerOptions } from "./power.ts";
import { criticalSum, walshAverages } from "./signed-rank.ts";
import { quantile } from "./summary.ts";

/** Options of a power that is found by simulation. */
export type SimulatedPowerOptions = Omit<PowerOptions, "overlap">;

/** Of more values the pairs are too many to simulate, and the approximation is good. */
const MOST_SIMULATED = 30;

/**
 * The mean, in standard deviations of `n` normal values, that the exact signed-rank test detects with the given power;
 * `null` if its smallest p-value is not below the level. It is found by simulation with a fixed seed: the power at this
 * size is right to 0.01. For more than 30 values it is what Student's t test detects with 3/π times as many values, the
 * test's asymptotic relative efficiency (Pitman).
 */
export function detectableBySignedRank(n: number, options: SimulatedPowerOptions = {}): number | null {
  const { level = 0.05, power = 0.8 } = options;
  requireNumbers("detectableBySignedRank", n, level);
  requirePower("detectableBySignedRank", options);
  if (n > MOST_SIMULATED) return detectableEffect(Math.round((3 / Math.PI) * n), options);
  const cut = criticalSum(n, level);
  if (cut === 0) return null;
  const draw = indexGenerator(1);
  const table = Array.from({ length: 2048 }, (_, index) => normalQuantile((index + 0.5) / 2048));
  // The test rejects as soon as the shift makes all but the lowest of the Walsh averages positive.
  const shifts = Array.from({ length: 10_000 }, () => {
    const values = Array.from({ length: n }, () => table[draw(table.length)] ?? 0);
    return -(walshAverages(values)[cut - 1] ?? 0);
  });
  return quantile(shifts, power);
}

/**
 * How many times faster one of two groups of `n` runs must solve a task so that `logRankTest` detects it with the given
 * power, if all runs solve it in the end and the ratio of the rates is the same at every step (proportional hazards).
 * `null` if the smallest p-value is not below the level. It is found by simulation with a fixed seed: the power at this
 * ratio is right to 0.02. (Schoenfeld's formula says 5.9 for 5 and 5 runs; the power there is 0.5.)
 */
export function detectableByLogRank(n: number, options: SimulatedPowerOptions = {}): number | null {
  const { level = 0.05, power = 0.8 } = options;
  requireNumbers("detectableByLogRank", n, level);
  requirePower("detectableByLogRank", options);
  if (leastLogRankP(n) >= level) return null;
  const rejects = rejectionOf(n, level);
  const studies = 4000;
  const powerAt = (ratio: number): number => {
    const draw = indexGenerator(2);
    let found = 0;
    for (let study = 0; study < studies; study += 1) found += rejects(solvedInTurn(n, ratio, draw)) ? 1 : 0;
    return found / studies;
  };
  return smallest((extra) => powerAt(1 + extra), power, 1e-3) + 1;
}

/** The statistic of the log-rank test, and its variance. */
interface Excess {
  readonly excess: number;
  readonly variance: number;
}

/** A study in which one of two groups of `n` runs solves the task at `ratio` times the rate of the other. */
function solvedInTurn(n: number, ratio: number, draw: (bound: number) => number): Excess {
  let [fast, slow] = [n, n];
  let [excess, variance] = [0, 0];
  while (fast + slow > 0) {
    const share = fast / (fast + slow);
    const isFast = (draw(1_073_741_824) + 0.5) / 1_073_741_824 < (ratio * fast) / (ratio * fast + slow);
    excess += (isFast ? 1 : 0) - share;
    variance += share * (1 - share);
    if (isFast) fast -= 1;
    else slow -= 1;
  }
  return { excess, variance };
}

/** When the test of two groups of `n` runs, all of which solve the task, rejects. */
function rejectionOf(n: number, level: number): (found: Excess) => boolean {
  if (!isExact(n, n)) {
    const z = normalQuantile(1 - level / 2);
    return ({ excess, variance }) => excess * excess > z * z * variance;
  }
  let score = 1;
  const scores = Array.from({ length: 2 * n }, (_, earlier) => (score -= 1 / (2 * n - earlier)));
  const sums = sumsOfDivisions(scores, n).map(Math.abs).sort();
  // The critical value is the smallest sum that fewer than the level's share of divisions reach.
  let first = sums.length;
  while (first > 0) {
    let next = first - 1;
    while (next > 0 && (sums[next - 1] ?? 0) > (sums[first - 1] ?? 0) - 1e-9) next -= 1;
    if ((sums.length - next) / sums.length >= level) break;
    first = next;
  }
  const critical = sums[first] ?? Number.POSITIVE_INFINITY;
  return ({ excess }) => Math.abs(excess) > critical - 1e-9;
}
