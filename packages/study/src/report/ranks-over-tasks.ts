import type { Results } from "../results.ts";
import type { Metric } from "../study.ts";
import { mean } from "../statistics/summary.ts";
import { compareOverTasks, type OverTasks } from "../statistics/tasks.ts";

/** From how many variants and tasks on ranks are worth a figure. */
const [leastVariants, leastTasks] = [3, 5];

/** The level of its tests. */
const level = 0.05;

/** Variants by their ranks over all tasks on which all have a value. */
export interface RanksOverTasks extends OverTasks {
  /** The metric by which the variants are ranked on each task. */
  readonly metrics: { readonly [task: string]: string };
  /** Tasks on which some variant has no value. */
  readonly omitted: readonly string[];
  readonly test: "signed rank" | "nemenyi";
  /** Why it is this test. */
  readonly because: "exact" | "few tasks" | "several metrics";
}

/**
 * Ranks the variants on each task by the mean of its test metric, the first that has values, and compares the ranks.
 * `null` for fewer than three variants or five tasks.
 *
 * The test of pairs is the exact signed-rank test with Holm's correction, where it can find a difference. It needs
 * values that can be compared over tasks: with a metric for each task, or with too few tasks for its corrected level,
 * the pairs are compared by Nemenyi's test, which needs only ranks.
 */
export function ranksOverTasks(results: Results): RanksOverTasks | null {
  const { tasks, variants } = results;
  if (variants.length < leastVariants) return null;
  const found = tasks.flatMap((task) => {
    const ranked = rankedOn(results, task);
    return ranked === null ? [] : [{ task, ...ranked }];
  });
  if (found.length < leastTasks) return null;
  const names = new Set(found.map(({ metric }) => metric));
  const because = names.size > 1 ? "several metrics" : reaches(variants.length, found.length) ? "exact" : "few tasks";
  const test = because === "exact" ? "signed rank" : "nemenyi";
  const scores = Object.fromEntries(
    variants.map((variant, index) => [variant, found.map((on) => on.scores[index] ?? 0)]),
  );
  return {
    ...compareOverTasks(scores, { pairs: test, level }),
    metrics: Object.fromEntries(found.map(({ task, metric }) => [task, metric])),
    omitted: tasks.filter((task) => !found.some((on) => on.task === task)),
    test,
    because,
  };
}

/**
 * The tasks on which some variant has no value, with these variants, if there are too few others to rank on. Empty if
 * there is a ranking, or if the study is too small for one.
 */
export function missingForRanks(
  results: Results,
): readonly { readonly task: string; readonly variants: readonly string[] }[] {
  const { tasks, variants } = results;
  if (variants.length < leastVariants || tasks.length < leastTasks || ranksOverTasks(results) !== null) return [];
  return tasks.flatMap((task) =>
    rankedOn(results, task) === null
      ? [{ task, variants: variants.filter((variant) => !isTested(results, { task, variant })) }]
      : [],
  );
}

/** Whether a variant has a value of a test metric by which it could be ranked. */
const isTested = ({ metrics, values }: Results, where: { readonly task: string; readonly variant: string }): boolean =>
  Object.entries(metrics).some(([metric, described]) => canRank(described) && values({ ...where, metric }).length > 0);

const canRank = ({ better, split }: Metric): boolean => better !== "neither" && split === "test";

/** Whether the exact signed-rank test of so many tasks can reach the level that Holm's correction asks of one pair. */
function reaches(variants: number, tasks: number): boolean {
  const pairs = (variants * (variants - 1)) / 2;
  let least = 2;
  for (let task = 0; task < tasks; task += 1) least /= 2;
  return least * pairs < level;
}

/** The first test metric of which every variant has a mean on a task. Higher scores are better. */
function rankedOn(
  { variants, metrics, values }: Results,
  task: string,
): { readonly metric: string; readonly scores: readonly number[] } | null {
  for (const [metric, described] of Object.entries(metrics)) {
    if (!canRank(described)) continue;
    const means = variants.map((variant) => mean(values({ task, variant, metric }).map(({ value }) => value)));
    if (means.every(Number.isFinite))
      return { metric, scores: means.map((value) => (described.better === "higher" ? value : -value)) };
  }
  return null;
}
