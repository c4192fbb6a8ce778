import { expF64 } from "@sluice/tensor/internal";
import { indexGenerator } from "./generator.ts";
import { leastLogRankP } from "./log-rank.ts";
import { meanOverSpread, noncentralCdf } from "./noncentral-t.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { criticalSum, walshAverages } from "./signed-rank.ts";
import { studentQuantile } from "./student.ts";
import { effectiveSize, quantile } from "./summary.ts";

/** What a difference must be detected with. */
export interface PowerOptions {
  /** The test finds a difference where there is none with this probability; default 0.05, two-sided. */
  readonly level?: number;
  /** The probability that the test finds the difference; default 0.8. */
  readonly power?: number;
  /** For values that share training data (`FoldUnits`); default 0. */
  readonly overlap?: number;
}

/**
 * The power of Student's two-sided t test of `n` values (for paired samples, of their differences), by the noncentral t
 * distribution: the probability that it rejects if the mean is `effect` standard deviations of the values.
 */
export function tTestPower(effect: number, n: number, { level = 0.05, overlap = 0 }: PowerOptions = {}): number {
  requireNumbers("tTestPower", n, level);
  const t = studentQuantile(1 - level / 2, n - 1);
  const shift = effect * Math.sqrt(effectiveSize(n, overlap));
  return 1 - noncentralCdf(t, n - 1, shift) + noncentralCdf(-t, n - 1, shift);
}

/** The mean, in standard deviations of the `n` values, that Student's two-sided t test detects with the given power. */
export function detectableEffect(n: number, options: PowerOptions = {}): number {
  requirePower("detectableEffect", options);
  return smallest((effect) => tTestPower(effect, n, options), options.power);
}

/**
 * The probability that two one-sided t tests, each at half the level, show that `n` values whose mean is 0 have a mean
 * within ±`margin` standard deviations.
 */
export function equivalencePower(margin: number, n: number, { level = 0.05, overlap = 0 }: PowerOptions = {}): number {
  requireNumbers("equivalencePower", n, level);
  const t = studentQuantile(1 - level / 2, n - 1);
  const reach = margin * Math.sqrt(effectiveSize(n, overlap));
  return meanOverSpread((s) => 2 * normalCdf(reach - t * s) - 1, n - 1, reach / t);
}

/** The narrowest margin, in standard deviations, within which a mean of 0 is shown to lie with the given power. */
export function detectableMargin(n: number, options: PowerOptions = {}): number {
  requirePower("detectableMargin", options);
  return smallest((margin) => equivalencePower(margin, n, options), options.power);
}

/**
 * The mean, in standard deviations of `n` normal values, that the exact signed-rank test detects with the given power;
 * `null` if its smallest p-value is not below the level. It is found by simulation with a fixed seed, to about 1 %.
 */
export function detectableBySignedRank(n: number, options: PowerOptions = {}): number | null {
  const { level = 0.05, power = 0.8 } = options;
  requireNumbers("detectableBySignedRank", n, level);
  requirePower("detectableBySignedRank", options);
  const cut = criticalSum(n, level);
  if (cut === 0) return null;
  const draw = indexGenerator(1);
  const table = normalTable();
  // The test rejects as soon as the shift makes all but the lowest of the Walsh averages positive.
  const shifts = Array.from({ length: 10_000 }, () => {
    const values = Array.from({ length: n }, () => table[draw(table.length)] ?? 0);
    return -(walshAverages(values)[cut - 1] ?? 0);
  });
  return quantile(shifts, power);
}

/**
 * How many times faster one of two groups of `n` runs must solve a task so that the log-rank test detects it with the
 * given power, if all runs solve it in the end and each remaining step is as likely to do so as any other: by
 * Schoenfeld's approximation (1981), which a few runs fall somewhat short of. `null` if the smallest p-value is not
 * below the level.
 */
export function detectableByLogRank(n: number, options: PowerOptions = {}): number | null {
  const { level = 0.05, power = 0.8 } = options;
  requireNumbers("detectableByLogRank", n, level);
  requirePower("detectableByLogRank", options);
  if (leastLogRankP(n) >= level) return null;
  return expF64((2 * (normalQuantile(1 - level / 2) + normalQuantile(power))) / Math.sqrt(2 * n));
}

/** The smallest size at which an increasing power reaches the given one. */
function smallest(powerOf: (size: number) => number, power = 0.8): number {
  let low = 0;
  let high = 1;
  while (powerOf(high) < power && high < 1e6) [low, high] = [high, 2 * high];
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (powerOf(middle) < power) low = middle;
    else high = middle;
  }
  return high;
}

/** The standard normal distribution as equally likely numbers, to draw from. */
function normalTable(): number[] {
  return Array.from({ length: 2048 }, (_, index) => normalQuantile((index + 0.5) / 2048));
}

function requireNumbers(name: string, n: number, level: number): void {
  if (!(Number.isInteger(n) && n >= 2)) throw new Error(`${name}: n is ${n}, expected an integer of at least 2`);
  if (!(level > 0 && level < 1)) throw new Error(`${name}: level is ${level}, expected a number between 0 and 1`);
}

function requirePower(name: string, { level = 0.05, power = 0.8 }: PowerOptions): void {
  if (!(power > level && power < 1))
    throw new Error(`${name}: power is ${power}, expected a number between the level (${level}) and 1`);
}
