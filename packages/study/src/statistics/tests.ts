import { studentCdf } from "./student.ts";
import { effectiveSize, mean, standardDeviation } from "./summary.ts";

/**
 * Two-sided p-value of the hypothesis that the mean of the values is `centre`: Student's t with one sample (or paired,
 * of differences).
 *
 * `overlap` is that of values which share training data (`FoldUnits`): it widens the variance of their mean.
 *
 * Values that are all equal have no spread to estimate, and t would be infinite: there the sign test decides, whose
 * p-value of n values on one side is 2 / 2^n. Of fewer than two values it is 1: nothing
 * is known; nor is anything by the sign test of values that share data.
 */
export function meanTest(values: readonly number[], centre = 0, overlap = 0): number {
  if (values.length < 2) return 1;
  const distance = mean(values) - centre;
  const deviation = standardDeviation(values);
  if (deviation === 0) return distance === 0 || overlap > 0 ? 1 : signTest(values.length);
  const t = Math.abs(distance) / (deviation / Math.sqrt(effectiveSize(values.length, overlap)));
  return 2 * studentCdf(-t, values.length - 1);
}

/** Two-sided p-value of the sign test where all `n` signs agree. */
function signTest(n: number): number {
  let p = 2;
  for (let value = 0; value < n; value += 1) p /= 2;
  return p;
}

/**
 * P-values corrected for their number by Holm's step-down method (Holm 1979): taking those below 0.05 for true
 * findings, the probability of a single false one among all stays below 0.05, however they depend on each other. In the
 * order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const corrected = pValues.map(() => 1);
  let largest = 0;
  order.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, p * (pValues.length - rank)));
    corrected[index] = largest;
  });
  return corrected;
}
