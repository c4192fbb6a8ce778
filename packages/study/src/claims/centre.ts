import type { Results } from "../results.ts";
import { overlapOf, requireKnown } from "./evidence.ts";
import type { Method, TestMethod } from "./methods.ts";

/** What every test of a claim is given. */
export interface TestOptions {
  /** Name of a metric of the study. */
  readonly metric: string;
  /** Name of a task of the study. */
  readonly task: string;
  /** Name of the variant that the claim is about. */
  readonly variant: string;
  /**
   * With fewer seeds, or fewer folds of a single seed, the verdict is "undecided", so that a lucky pair does not settle
   * a claim. Default 5.
   */
  readonly minimumSeeds?: number;
  /**
   * "t" (default) is Student's t test. "signed rank" is Wilcoxon's exact test, which assumes no normal distribution, but
   * symmetry, and needs more seeds: six for p < 0.05, eight if there are four claims. It cannot be used for the folds of
   * a single seed.
   */
  readonly by?: TestMethod;
}

/** The values of a variant, one per seed or fold. */
export function valuesOf(results: Results, { metric, task, variant }: TestOptions): number[] {
  requireKnown("variant", variant, results.variants);
  requireKnown("task", task, results.tasks);
  return results.values({ task, variant, metric }).map((entry) => entry.value);
}

/** Whether a centre lies within a margin: the nearer end of the margin decides, whether it lies inside or outside. */
export function marginTest(
  method: Method,
  results: Results,
  { values, centre, margin }: { readonly values: readonly number[]; readonly centre: number; readonly margin: number },
): { readonly p: number; readonly holds: boolean } {
  const overlap = overlapOf(results);
  return {
    p: Math.max(method.p(values, centre - margin, overlap), method.p(values, centre + margin, overlap)),
    holds: Math.abs(centreOf(method, values, results) - centre) < margin,
  };
}

/** The estimated centre of the values. */
export function centreOf(method: Method, values: readonly number[], results: Results): number {
  return method.interval(values, overlapOf(results)).estimate;
}

/** What the estimate of a method is called. */
export const nameOf = (values: readonly number[], by: TestMethod): string =>
  values.length === 1 ? "value" : by === "t" ? "mean" : "centre (Hodges-Lehmann)";
