import type { Interval } from "./bootstrap.ts";
import { mean, standardDeviation } from "./summary.ts";

/**
 * Wilson's interval of a proportion, at 95 % (Wilson 1927). Stays inside 0..1 and is right for few trials, where the usual
 * `p ± 1.96 sqrt(p (1 - p) / n)` is not. Of no trials it is 0..1: nothing is known.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (!(Number.isInteger(trials) && trials >= 0 && successes >= 0 && successes <= trials)) {
    throw new Error(`wilsonInterval: ${successes} successes of ${trials} trials`);
  }
  if (trials === 0) return { low: 0, high: 1 };
  const z = 1.959963984540054;
  const p = successes / trials;
  const centre = p + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    low: successes === 0 ? 0 : (centre - spread) / scale,
    high: successes === trials ? 1 : (centre + spread) / scale,
  };
}

/** 97.5 % points of Student's t for 1 to 30 degrees of freedom. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08,
  2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * Half the width of the 95 % interval of a mean by Student's t. A handful of seeds is too few for the percentile bootstrap, whose interval
 * cannot leave the range of the values; this one is as wide as it has to be. Of fewer than two values it is `NaN`.
 */
export function studentHalfWidth(values: readonly number[]): number {
  const freedom = values.length - 1;
  if (freedom < 1) return Number.NaN;
  // Between the tabulated points the next lower degree of freedom is taken, which errs on the wide side.
  const t = STUDENT[freedom - 1] ?? (freedom < 40 ? 2.042 : freedom < 60 ? 2.021 : freedom < 120 ? 2 : 1.98);
  return (t * standardDeviation(values)) / Math.sqrt(values.length);
}

/** Mean with its 95 % interval by Student's t. */
export function meanInterval(values: readonly number[]): Interval & { readonly mean: number } {
  const centre = mean(values);
  const half = studentHalfWidth(values);
  return { mean: centre, low: centre - half, high: centre + half };
}
