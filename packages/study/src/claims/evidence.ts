import { trialName } from "../plan.ts";
import type { Results, TrialStatus, UnitValue } from "../results.ts";
import type { Metric } from "../study.ts";
import { studyError } from "../error.ts";
import { suggestion } from "../nearest.ts";
import type { Verdict } from "./claim.ts";
import type { Method } from "./methods.ts";

/** A verdict needs a two-sided p-value below this. The 95 % interval then lies on one side. */
export const SIGNIFICANT = 0.05;

/** What a claim is based on, in words and numbers. */
export interface Evidence {
  readonly because: string;
  /** The number of values: of seeds, or of the folds of one seed. */
  readonly values: number;
  readonly unit: Unit;
  readonly minimumSeeds: number;
  /**
   * Trials that are not done, or `null`. They must not be ignored, because which trials fail can depend on the variant.
   */
  readonly missing: string | null;
  /** Why the test cannot be used for these values, or `null`. */
  readonly unfit?: string | null;
  /** Two-sided p-value, and whether it supports the claim. */
  readonly p: number;
  readonly holds: boolean;
}

/** What the values stand for. */
export type Unit = "seed" | "fold";

export const unitOf = ({ folds }: Results): Unit => (folds === undefined ? "seed" : "fold");

export const overlapOf = ({ folds }: Results): number => folds?.overlap ?? 0;

export function decide(evidence: Evidence): Verdict {
  const { because, values, unit, minimumSeeds, missing, unfit = null, p, holds } = evidence;
  if (unfit !== null) return { verdict: "undecided", because: `${because}; ${unfit}` };
  if (missing !== null) return { verdict: "undecided", because: `${missing}. Ignoring those: ${because}` };
  if (values < minimumSeeds)
    return {
      verdict: "undecided",
      because: `${because}; needs at least ${minimumSeeds} ${unit}s (run with --seeds ${minimumSeeds})`,
    };
  return {
    verdict: p >= SIGNIFICANT ? "undecided" : holds ? "reproduced" : "not reproduced",
    because: `${because}, ${formatP(p)}`,
    p,
  };
}

/** 1 if a higher value of the metric is better, -1 if a lower one is. */
export function direction(results: Results, metric: string): 1 | -1 {
  const found = requireMetric(results, metric);
  if (found.better === "neither")
    throw studyError(`claim: the metric "${metric}" has better: "neither", so no variant can be better by it`);
  return found.better === "higher" ? 1 : -1;
}

/** A metric of the study by its name. */
export function requireMetric(results: Results, metric: string): Metric {
  const found = results.metrics[metric];
  if (found !== undefined) return found;
  throw studyError(`claim: unknown metric "${metric}": ${suggestion(metric, Object.keys(results.metrics))}`);
}

/** Why a method cannot test the values of these results, or `null`. */
export function unfitFor(method: Method, results: Results): string | null {
  if (method.folds || unitOf(results) === "seed") return null;
  return `the ${method.name.paired} needs independent values, and the folds of one seed share training data (run more seeds, or test by "t")`;
}

/** Values of the first variant minus those of the second, for the seeds (or folds) that both have. */
export function differences(
  results: Results,
  where: { readonly task: string; readonly metric: string; readonly variants: readonly [string, string] },
): number[] {
  const { task, metric, variants } = where;
  for (const variant of variants) requireKnown("variant", variant, results.variants);
  requireKnown("task", task, results.tasks);
  const other = new Map(
    results.values({ task, variant: variants[1], metric }).map((entry) => [pairOf(entry), entry.value]),
  );
  return results.values({ task, variant: variants[0], metric }).flatMap((entry) => {
    const partner = other.get(pairOf(entry));
    return partner === undefined ? [] : [entry.value - partner];
  });
}

const pairOf = ({ seed, fold }: UnitValue): string => `${seed} ${fold?.index ?? ""}`;

export function requireKnown(what: "variant" | "task", name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw studyError(`claim: unknown ${what} "${name}": ${suggestion(name, known)}`);
}

/** The trials of some variants that are not done, or `null`. Those whose status is excepted count as done. */
export function missingTrials(
  results: Results,
  task: string,
  variants: readonly string[],
  { except = [] }: { readonly except?: readonly TrialStatus[] } = {},
): string | null {
  const lost = variants.flatMap((variant) =>
    results
      .of({ task, variant })
      .filter(({ status }) => status !== "done" && !except.includes(status))
      .map((trial) => `${trialName(trial)} ${trial.status}`),
  );
  return lost.length === 0 ? null : lost.join(", ");
}

/** A centre with its interval and the method: "1.2 (95 % interval 0.65 to 1.76, paired t over 5 seeds)". */
export function spread(
  results: Results,
  values: readonly number[],
  method: Method,
  samples: "paired" | "single",
): string {
  const { estimate, low, high } = method.interval(values, overlapOf(results));
  const unit = unitOf(results);
  const dependent = unit === "fold" ? ` of one seed, corrected because they share training data` : "";
  if (values.length < 2) return `${format(estimate)} (one ${unit})`;
  if (low === high) {
    const tested = unit === "seed" ? "no spread: sign test" : "no spread, so nothing can be said about others";
    return `${format(estimate)} with each of ${values.length} ${unit}s (${tested})`;
  }
  const over = `${method.label[samples]} over ${values.length} ${unit}s`;
  if (low === Number.NEGATIVE_INFINITY) return `${format(estimate)} (too few ${unit}s for a 95 % interval, ${over})`;
  return `${format(estimate)} (95 % interval ${format(low)} to ${format(high)}, ${over}${dependent})`;
}

export const format = (value: number): string => String(Number(value.toPrecision(3))).replace("-", "−");

export const formatP = (p: number): string => (p < 0.001 ? "p < 0.001" : `p = ${p.toPrecision(2)}`);
