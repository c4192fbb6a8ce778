import { meanOverSpread, noncentralCdf } from "./noncentral-t.ts";
import { normalCdf } from "./normal.ts";
import { studentQuantile } from "./student.ts";
import { effectiveSize } from "./summary.ts";

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

/** The smallest size at which an increasing power reaches the given one. */
export function smallest(powerOf: (size: number) => number, power = 0.8, precision = 1e-9): number {
  let low = 0;
  let high = 1;
  while (powerOf(high) < power && high < 1e6) [low, high] = [high, 2 * high];
  while (high - low > precision * high) {
    const middle = (low + high) / 2;
    if (powerOf(middle) < power) low = middle;
    else high = middle;
  }
  return high;
}

/** Refuses a number of values or a level with which nothing can be tested. */
export function requireNumbers(name: string, n: number, level: number): void {
  if (!(Number.isInteger(n) && n >= 2)) throw new Error(`${name}: n is ${n}, expected an integer of at least 2`);
  if (!(level > 0 && level < 1)) throw new Error(`${name}: level is ${level}, expected a number between 0 and 1`);
}

/** Refuses a power that is not above the level. */
export function requirePower(name: string, { level = 0.05, power = 0.8 }: PowerOptions): void {
  if (!(power > level && power < 1))
    throw new Error(`${name}: power is ${power}, expected a number between the level (${level}) and 1`);
}
