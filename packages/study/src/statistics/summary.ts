/** Arithmetic mean; `NaN` without values. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation, with n - 1 in the denominator; `NaN` for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) * (value - centre);
  return values.length < 2 ? Number.NaN : Math.sqrt(sum / (values.length - 1));
}

/**
 * The number of independent values that are equivalent to `n` values whose mean has the variance s² (1/n + overlap),
 * such as those of `FoldUnits`. Without overlap it is `n`.
 */
export function effectiveSize(n: number, overlap: number): number {
  return n / (1 + n * overlap);
}

/**
 * The `q` quantile, 0 to 1, with linear interpolation between order statistics (type 7, the default of R and NumPy).
 */
export function quantile(values: readonly number[], q: number): number {
  return quantileOfSorted(
    [...values].sort((a, b) => a - b),
    q,
  );
}

export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new Error(`quantile: q is ${q}, expected a number from 0 to 1`);
  const place = (sorted.length - 1) * q;
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (place - below) * (high - low);
}

/** The median: the middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Interquartile mean: the mean after a quarter of the values is cut off at either end. A value that is cut through
 * counts by the remaining part. It is as robust as the median, and less noisy (Agarwal et al. 2021, "Deep reinforcement
 * learning at the edge of the statistical precipice").
 */
export function interquartileMean(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const cut = sorted.length / 4;
  let sum = 0;
  let weight = 0;
  sorted.forEach((value, index) => {
    const kept = Math.max(0, Math.min(index + 1, sorted.length - cut) - Math.max(index, cut));
    sum += kept * value;
    weight += kept;
  });
  return sum / weight;
}

/**
 * Lowest and highest value of any number of values. (A call with every value as an argument overflows the stack at
 * about 125,000.) Without values, `Infinity` and `-Infinity`.
 */
export function extremes(values: Iterable<number>): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return { low, high };
}
