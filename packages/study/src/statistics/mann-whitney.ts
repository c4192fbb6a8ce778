import { doubledRanks, drawnSums, exactP, type Side } from "./ranks.ts";

/** Above this number of values the exact distribution takes too long. */
const MOST = 200;

/**
 * Exact test of the hypothesis that values of `first` and `second` have the same distribution (Mann and Whitney 1947),
 * for independent samples; for pairs use `signedRankTest`. Ties share their mean rank, and the p-value is exact for
 * them: it counts all divisions of the values into samples of these sizes. Side "greater" finds a larger `first`.
 *
 * @returns U, the number of pairs in which the value of `first` is the larger one (half for ties), and p.
 * @throws an error for an empty sample, more than 200 values in both, or a value that is not a number.
 */
export function mannWhitneyTest(
  first: readonly number[],
  second: readonly number[],
  { side = "two-sided" }: { readonly side?: Side } = {},
): { readonly u: number; readonly p: number } {
  requireSamples("mannWhitneyTest", first, second);
  if (first.length + second.length > MOST)
    throw new Error(
      `mannWhitneyTest: ${first.length} + ${second.length} values, expected at most ${MOST} together: the exact distribution of more takes too long`,
    );
  const ranks = doubledRanks([...first, ...second]);
  const total = (part: readonly number[]): number => part.reduce((sum, rank) => sum + rank, 0);
  const own = total(ranks.slice(0, first.length));
  const u = own / 2 - (first.length * (first.length + 1)) / 2;
  // The smaller sample has the smaller table; if it is the second, a large sum of it speaks for a small first.
  if (first.length <= second.length) return { u, p: exactP(drawnSums(ranks, first.length), own, side) };
  const opposite = { "two-sided": "two-sided", greater: "less", less: "greater" } as const;
  return { u, p: exactP(drawnSums(ranks, second.length), total(ranks) - own, opposite[side]) };
}

/**
 * Cliff's delta (1993): the share of pairs in which the value of `first` is larger, minus the share in which it is
 * smaller; -1 to 1, and 0 if neither sample tends to be larger. It is 2 P - 1 of the probability of improvement P.
 *
 * @throws an error for an empty sample or a value that is not a number.
 */
export function cliffsDelta(first: readonly number[], second: readonly number[]): number {
  requireSamples("cliffsDelta", first, second);
  let sum = 0;
  for (const a of first) for (const b of second) sum += a > b ? 1 : a < b ? -1 : 0;
  return sum / (first.length * second.length);
}

function requireSamples(name: string, ...samples: readonly (readonly number[])[]): void {
  samples.forEach((sample, index) => {
    const which = index === 0 ? "first" : "second";
    if (sample.length === 0) throw new Error(`${name}: the ${which} sample has no values, expected at least one`);
    const place = sample.findIndex((value) => !Number.isFinite(value));
    if (place >= 0)
      throw new Error(`${name}: value ${place} of the ${which} sample is ${sample[place]}, expected a finite number`);
  });
}
