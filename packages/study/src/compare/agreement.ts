import { canonicalJson } from "../json.ts";
import { meanInterval } from "../statistics/intervals.ts";
import { standardDeviation } from "../statistics/summary.ts";
import type { TrialRecord } from "../results.ts";
import { areSame, type TrialPair } from "./runs.ts";

/** How far a trial and its repetition agree, from best to worst. */
export type Agreement = "bitwise the same" | "within tolerance" | "statistically the same" | "different";

/** A trial beside its repetition. */
export interface VerifiedTrial {
  readonly pair: TrialPair;
  readonly agreement: Agreement;
}

/** Options of {@link agreementOf}. */
export interface AgreementOptions {
  /** The largest relative difference of a summary value that is within tolerance; default 1e-5. */
  readonly tolerance?: number;
}

/**
 * How far the trials of a run and their repetitions agree.
 *
 * - Bitwise the same: status, curves, summary values, weights and kept files.
 * - Within tolerance: every summary value differs by at most `tolerance` of its size. Curves, weights and files may
 *   differ.
 * - Statistically the same: over the repeated seeds of a task and variant, the 90 % interval of the mean difference (by
 *   Student's t, of pairs) lies within one standard deviation of the first run's seeds, for every metric. These are two
 *   one-sided tests at 5 %. It takes at least three seeds.
 * - Different: anything else, and a trial of which only one is done.
 */
export function agreementOf(
  pairs: readonly TrialPair[],
  { tolerance = 1e-5 }: AgreementOptions = {},
): readonly VerifiedTrial[] {
  return pairs.map((pair) => {
    if (areSame(pair)) return { pair, agreement: "bitwise the same" };
    if (pair.first.status !== "done" || pair.second.status !== "done") return { pair, agreement: "different" };
    if (pair.metrics.every((name) => isNear(pair, name, tolerance))) return { pair, agreement: "within tolerance" };
    const group = pairs.filter(({ first }) => isSameCell(first, pair.first));
    return { pair, agreement: areEquivalent(group) ? "statistically the same" : "different" };
  });
}

/** Whether two trials differ by their seed only. */
const isSameCell = (a: TrialRecord, b: TrialRecord): boolean =>
  a.task === b.task && a.variant === b.variant && canonicalJson(a.tuning ?? null) === canonicalJson(b.tuning ?? null);

const valueOf = ({ metrics }: TrialRecord, name: string): number => metrics[name] ?? Number.NaN;

/** A value that only one of the two has is not near. */
function isNear({ first, second }: TrialPair, name: string, tolerance: number): boolean {
  const [a, b] = [valueOf(first, name), valueOf(second, name)];
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

/** Whether the trials of one task and variant are equivalent in every metric. */
function areEquivalent(group: readonly TrialPair[]): boolean {
  const metrics = new Set(
    group.flatMap(({ first, second }) => [...Object.keys(first.metrics), ...Object.keys(second.metrics)]),
  );
  return (
    group.length >= 3 &&
    [...metrics].every((name) => {
      const first = group.map((pair) => valueOf(pair.first, name));
      const differences = group.map((pair) => valueOf(pair.second, name) - valueOf(pair.first, name));
      if (differences.every((difference) => difference === 0)) return true;
      const margin = standardDeviation(first);
      const { low, high } = meanInterval(differences, { confidence: 0.9 });
      return low > -margin && high < margin;
    })
  );
}
