import { requireConfidence, type StatedInterval } from "./intervals.ts";
import { doubledRanks, exactP, halfSums, type Side } from "./ranks.ts";
import { median } from "./summary.ts";

/** Options of {@link signedRankTest}. */
export interface SignedRankOptions {
  /** The centre of symmetry under the hypothesis; default 0. */
  readonly centre?: number;
  /** "greater" finds values above the centre. Default "two-sided". */
  readonly side?: Side;
}

/** Above this number the exact distribution takes too long. */
const MOST = 500;

/**
 * Exact signed-rank test of the hypothesis that the values are symmetric around `centre` (Wilcoxon 1945); for paired
 * samples, of their differences. It assumes no normal distribution. Values equal to the centre are dropped. Tied
 * distances share their mean rank, and the p-value is then exact for these ties: it counts all 2^n choices of signs.
 *
 * With n values no p-value is below 2 / 2^n ({@link leastSignedRankP}): six are needed for p < 0.05.
 *
 * @returns The sum of the ranks of the values above the centre, the number of values that are not dropped, and p.
 * @throws an error for more than 500 values, or one that is not a number.
 */
export function signedRankTest(
  values: readonly number[],
  { centre = 0, side = "two-sided" }: SignedRankOptions = {},
): { readonly statistic: number; readonly n: number; readonly p: number } {
  requireValues("signedRankTest", values);
  const distances = values.map((value) => value - centre).filter((distance) => distance !== 0);
  const ranks = doubledRanks(distances.map(Math.abs));
  const above = ranks.reduce((sum, rank, index) => sum + ((distances[index] ?? 0) > 0 ? rank : 0), 0);
  const p = ranks.length === 0 ? 1 : exactP(halfSums(ranks), above, side);
  return { statistic: above / 2, n: ranks.length, p };
}

/** The smallest two-sided p-value that the signed-rank test can give for `n` values: 2 / 2^n, and at most 1. */
export function leastSignedRankP(n: number): number {
  let p = 2;
  for (let value = 0; value < n && p > 0; value += 1) p /= 2;
  return Math.min(1, p);
}

/**
 * The interval that belongs to {@link signedRankTest}, with Hodges and Lehmann's estimate (1963): the median of the
 * means of all pairs of values (Walsh averages), between two of them. Its confidence is at least the given one if there
 * are no ties. With too few values (fewer than six, for 95 %) both ends are infinite.
 *
 * @throws an error for more than 500 values, or one that is not a number.
 */
export function signedRankInterval(
  values: readonly number[],
  { confidence = 0.95 }: { readonly confidence?: number } = {},
): StatedInterval {
  requireConfidence("signedRankInterval", confidence);
  requireValues("signedRankInterval", values);
  const averages = walshAverages(values);
  const cut = criticalSum(values.length, 1 - confidence);
  return {
    estimate: median(averages),
    low: cut === 0 ? Number.NEGATIVE_INFINITY : (averages[cut - 1] ?? Number.NaN),
    high: cut === 0 ? Number.POSITIVE_INFINITY : (averages[averages.length - cut] ?? Number.NaN),
    confidence,
    method: `exact signed rank (Hodges and Lehmann) over ${values.length} values`,
  };
}

/** The means of all pairs of values, also of each with itself, in ascending order. */
export function walshAverages(values: readonly number[]): number[] {
  return values
    .flatMap((first, index) => values.slice(index).map((second) => (first + second) / 2))
    .sort((a, b) => a - b);
}

/**
 * How many sums of ranks, from 0, are so low that the two-sided test of `n` values rejects at `level`; 0 if none is.
 */
export function criticalSum(n: number, level: number): number {
  const distribution = halfSums(Array.from({ length: n }, (_, index) => index + 1));
  let tail = 0;
  let cut = 0;
  for (const probability of distribution) {
    tail += probability;
    if (2 * tail > level) return cut;
    cut += 1;
  }
  return cut;
}

function requireValues(name: string, values: readonly number[]): void {
  if (values.length > MOST)
    throw new Error(`${name}: ${values.length} values, expected at most ${MOST}; for more use meanTest (Student's t)`);
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place >= 0) throw new Error(`${name}: value ${place} is ${values[place]}, expected a finite number`);
}
