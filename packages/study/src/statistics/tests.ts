import { studentCdf } from "./student.ts";
import { effectiveSize, mean, standardDeviation } from "./summary.ts";

/**
 * Two-sided p-value of the hypothesis that the mean of the values is `centre`: Student's t test with one sample (for
 * paired samples, of their differences).
 *
 * `overlap` is for values that share training data (`FoldUnits`): it increases the variance of their mean.
 *
 * Values that are all equal have no spread, and t would be infinite. The sign test decides then; its p-value for n
 * values on one side is 2 / 2^n. For fewer than two values the p-value is 1: nothing is known. It is also 1 for equal
 * values that share data.
 */
export function meanTest(values: readonly number[], centre = 0, overlap = 0): number {
  if (values.length < 2) return 1;
  const distance = mean(values) - centre;
  const deviation = standardDeviation(values);
  if (deviation === 0) return distance === 0 || overlap > 0 ? 1 : signTest(values.length);
  const t = Math.abs(distance) / (deviation / Math.sqrt(effectiveSize(values.length, overlap)));
  return 2 * studentCdf(-t, values.length - 1);
}

/**
 * Whether the mean of the values lies within ±`within`: two one-sided t tests (Schuirmann 1987; for paired samples, of
 * their differences). The values are equivalent to 0 if `p`, the larger of the two, is small. Below 0.025, the 95 %
 * interval lies within the margins.
 *
 * @param overlap For values that share training data, as for `meanTest`.
 * @returns One-sided p-values that the mean is not above the lower margin, not below the upper one, and the larger one.
 * @throws an error if `within` is not positive.
 */
export function equivalenceTest(
  values: readonly number[],
  within: number,
  overlap = 0,
): { readonly lower: number; readonly upper: number; readonly p: number } {
  if (!(within > 0)) throw new Error(`equivalenceTest: within is ${within}, expected a positive number`);
  const oneSided = (margin: number, inside: boolean): number => {
    const half = meanTest(values, margin, overlap) / 2;
    return inside ? half : 1 - half;
  };
  const centre = mean(values);
  const lower = oneSided(-within, centre > -within);
  const upper = oneSided(within, centre < within);
  return { lower, upper, p: Math.max(lower, upper) };
}

/** Two-sided p-value of the sign test if all `n` signs agree. */
function signTest(n: number): number {
  let p = 2;
  for (let value = 0; value < n; value += 1) p /= 2;
  return p;
}

/**
 * P-values corrected for their number by Holm's step-down method (Holm 1979), in the given order. If you accept those
 * below 0.05, the probability of accepting even one false claim stays below 0.05, however the tests depend on each
 * other.
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
