import { studyError } from "../error.ts";

/** Options of {@link expectedBest}. */
export interface ExpectedBestOptions {
  /** Which values are better. */
  readonly better: "higher" | "lower";
  /**
   * Whether a value can be drawn several times. Default `false`: every choice of n different values is equally likely.
   * With `true` it is the estimator of Dodge et al. (2019), which is the mean of the best of n draws from the measured
   * values. Tang et al. (2020) show that it is too pessimistic: its last value is not the best that was found.
   */
  readonly replacement?: boolean;
}

/**
 * The expected best of n tried settings, for n = 1 to the number of values (Dodge, Gururangan, Card, Schwartz and Smith
 * 2019, "Show your work: improved reporting of experimental results"; without replacement after Tang et al. 2020,
 * "Showing your work doesn't always work"). It shows how a result depends on how much was tuned.
 *
 * With v_1 <= ... <= v_N sorted from the worst to the best, it is the sum over i of v_i p_i(n), where p_i(n) is the
 * probability that v_i is the best of n. Nothing is sampled:
 *
 *     without replacement   p_i(n) = C(i-1, n-1) / C(N, n)
 *     with replacement      p_i(n) = (i/N)^n - ((i-1)/N)^n
 *
 * @throws an error for a value that is not finite.
 */
export function expectedBest(
  values: readonly number[],
  { better, replacement = false }: ExpectedBestOptions,
): readonly number[] {
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw studyError(`expectedBest: a value is ${wrong}, expected finite numbers`);
  const sorted = values.toSorted((a, b) => (better === "higher" ? a - b : b - a));
  const probabilities = replacement ? withReplacement : withoutReplacement;
  return sorted.map((_, index) => {
    const p = probabilities(sorted.length, index + 1);
    return sorted.reduce((sum, value, i) => sum + value * (p[i] ?? 0), 0);
  });
}

/** p_N = n/N, and p_{i-1} = p_i (i - n) / (i - 1). */
function withoutReplacement(count: number, n: number): Float64Array {
  const p = new Float64Array(count);
  for (let i = count, own = n / count; i >= n; own *= (i - n) / (i - 1), i -= 1) p[i - 1] = own;
  return p;
}

function withReplacement(count: number, n: number): Float64Array {
  const below = Float64Array.from({ length: count + 1 }, (_, i) => power(i / count, n));
  return Float64Array.from({ length: count }, (_, i) => (below[i + 1] ?? 0) - (below[i] ?? 0));
}

function power(base: number, n: number): number {
  let product = 1;
  for (let factor = 0; factor < n; factor += 1) product *= base;
  return product;
}
