/**
 * Twice the ranks of the values, from 2 for the lowest. Tied values share the mean of their ranks (midranks); doubled,
 * all of them are integers.
 */
export function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = values.map(() => 0);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && order[last + 1]?.value === order[first]?.value) last += 1;
    for (const { index } of order.slice(first, last + 1)) ranks[index] = first + last + 2;
    first = last + 1;
  }
  return ranks;
}

/** Which deviation from the hypothesis counts: any, or only one direction. */
export type Side = "two-sided" | "greater" | "less";

/**
 * P-value of a statistic whose distribution is known for the integers from 0.
 *
 * @param distribution The probability of each value of the statistic.
 */
export function exactP(distribution: Float64Array, statistic: number, side: Side): number {
  let atMost = 0;
  let atLeast = 0;
  distribution.forEach((probability, value) => {
    if (value <= statistic) atMost += probability;
    if (value >= statistic) atLeast += probability;
  });
  const p = side === "greater" ? atLeast : side === "less" ? atMost : 2 * Math.min(atMost, atLeast);
  return Math.min(1, p);
}

/** The distribution of the sum of those of `parts` (integers) that are chosen, each with probability 1/2. */
export function halfSums(parts: readonly number[]): Float64Array {
  const total = parts.reduce((sum, part) => sum + part, 0);
  const distribution = new Float64Array(total + 1);
  distribution[0] = 1;
  let reached = 0;
  for (const part of parts) {
    reached += part;
    for (let sum = reached; sum >= 0; sum -= 1)
      distribution[sum] = ((distribution[sum] ?? 0) + (sum >= part ? (distribution[sum - part] ?? 0) : 0)) / 2;
  }
  return distribution;
}

/** The distribution of the sum of `count` of `parts` (integers), drawn without replacement. */
export function drawnSums(parts: readonly number[], count: number): Float64Array {
  const highest = [...parts]
    .sort((a, b) => b - a)
    .slice(0, count)
    .reduce((sum, part) => sum + part, 0);
  // Row k: the number of ways to choose k of the parts so far with each sum.
  const rows = Array.from({ length: count + 1 }, () => new Float64Array(highest + 1));
  const [none] = rows;
  if (none !== undefined) none[0] = 1;
  parts.forEach((part, seen) => {
    for (let k = Math.min(count, seen + 1); k >= 1; k -= 1) {
      const [row, below] = [rows[k], rows[k - 1]];
      if (row === undefined || below === undefined) continue;
      for (let sum = part; sum <= highest; sum += 1) row[sum] = (row[sum] ?? 0) + (below[sum - part] ?? 0);
    }
  });
  const ways = rows[count] ?? new Float64Array(1);
  const total = ways.reduce((sum, n) => sum + n, 0);
  return ways.map((n) => n / total);
}
