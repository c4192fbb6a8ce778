import { chiSquareTail } from "./chi-square.ts";
import { fisherTail } from "./fisher.ts";
import { doubledRanks } from "./ranks.ts";
import { signedRankTest } from "./signed-rank.ts";
import { studentizedRangePoint, studentizedRangeTail } from "./studentized-range.ts";
import { holm } from "./tests.ts";

/** Options of {@link compareOverTasks}. */
export interface OverTasksOptions {
  /** Which scores get rank 1; default "higher". */
  readonly better?: "higher" | "lower";
  /**
   * How pairs are compared: by the difference of their mean ranks (Nemenyi 1963), or by the exact signed-rank test with
   * Holm's correction, whose result for a pair does not depend on the other variants (Benavoli et al. 2016). Default
   * "signed rank".
   */
  readonly pairs?: "signed rank" | "nemenyi";
  /** Pairs with a p-value below this differ; default 0.05. */
  readonly level?: number;
}

/** What a critical-difference diagram shows. */
export interface OverTasks {
  /** Mean rank of each variant over the tasks, best first; 1 is the best. */
  readonly ranks: readonly { readonly variant: string; readonly rank: number }[];
  /** Whether any variant differs: Friedman's test, and its more powerful form by Iman and Davenport (1980). */
  readonly friedman: { readonly chiSquare: number; readonly p: number };
  readonly imanDavenport: { readonly f: number; readonly p: number };
  /** P-values of all pairs, corrected for their number. */
  readonly pairs: readonly { readonly variants: readonly [string, string]; readonly p: number }[];
  /** Mean ranks that are this far apart differ (Nemenyi); `null` for the signed-rank test. */
  readonly criticalDifference: number | null;
  /** The largest groups of variants, neighbors by rank, of which no two differ: the bars of the diagram. */
  readonly cliques: readonly (readonly string[])[];
}

/**
 * Compares variants over many tasks by their ranks, as critical-difference diagrams show it (Demšar 2006, "Statistical
 * comparisons of classifiers over multiple data sets").
 *
 * @param scores By variant, one score per task: such as the mean over seeds. All in the same order of tasks.
 * @throws an error for fewer than two variants or tasks, different numbers of tasks, or a score that is not a number.
 */
export function compareOverTasks(
  scores: { readonly [variant: string]: readonly number[] },
  { better = "higher", pairs: comparison = "signed rank", level = 0.05 }: OverTasksOptions = {},
): OverTasks {
  const variants = Object.keys(scores);
  const tasks = requireTable(scores);
  const k = variants.length;
  const sign = better === "higher" ? -1 : 1;
  const perTask = Array.from({ length: tasks }, (_, task) =>
    doubledRanks(variants.map((variant) => sign * (scores[variant]?.[task] ?? Number.NaN))).map((rank) => rank / 2),
  );
  const meanRank = variants.map((_, v) => perTask.reduce((sum, ranks) => sum + (ranks[v] ?? 0), 0) / tasks);
  const ranks = variants
    .map((variant, v) => ({ variant, rank: meanRank[v] ?? Number.NaN }))
    .sort((a, b) => a.rank - b.rank);
  const unit = Math.sqrt((k * (k + 1)) / (6 * tasks));
  const found = pairsOf(ranks.map(({ variant }) => variant));
  const signed = (): number[] =>
    holm(found.map(([a, b]) => signedRankTest(differencesOf(scores[a] ?? [], scores[b] ?? [])).p));
  const rankOf = new Map(ranks.map(({ variant, rank }) => [variant, rank]));
  const nemenyi = (): number[] =>
    found.map(([a, b]) =>
      studentizedRangeTail((Math.abs((rankOf.get(a) ?? 0) - (rankOf.get(b) ?? 0)) / unit) * Math.SQRT2, k),
    );
  const p = comparison === "nemenyi" ? nemenyi() : signed();
  const pairs = found.map((variantsOfPair, index) => ({ variants: variantsOfPair, p: p[index] ?? 1 }));
  return {
    ranks,
    ...friedmanTests(perTask, meanRank),
    pairs,
    criticalDifference: comparison === "nemenyi" ? (studentizedRangePoint(level, k) / Math.SQRT2) * unit : null,
    cliques: cliquesOf(
      ranks.map(({ variant }) => variant),
      (a, b) => (pairs.find(({ variants: [x, y] }) => x === a && y === b)?.p ?? 1) < level,
    ),
  };
}

/** Friedman's test, corrected for ties, and Iman and Davenport's F. */
function friedmanTests(
  perTask: readonly (readonly number[])[],
  meanRank: readonly number[],
): Pick<OverTasks, "friedman" | "imanDavenport"> {
  const n = perTask.length;
  const k = meanRank.length;
  // Variance of the ranks within tasks, which is smaller with ties: k (k + 1) / 12 times k - 1 without.
  const middle = (k + 1) / 2;
  const within = perTask.flat().reduce((sum, rank) => sum + (rank - middle) * (rank - middle), 0) / n;
  const between = meanRank.reduce((sum, rank) => sum + (rank - middle) * (rank - middle), 0);
  const chiSquare = within === 0 ? 0 : (n * (k - 1) * between) / within;
  const rest = n * (k - 1) - chiSquare;
  const f = rest <= 1e-12 * n ? Number.POSITIVE_INFINITY : ((n - 1) * chiSquare) / rest;
  return {
    friedman: { chiSquare, p: chiSquareTail(chiSquare, k - 1) },
    imanDavenport: { f, p: fisherTail(f, k - 1, (k - 1) * (n - 1)) },
  };
}

/** Neighbors in the order of ranks of which no two differ, without those that are part of a larger group. */
function cliquesOf(ordered: readonly string[], differ: (better: string, worse: string) => boolean): string[][] {
  const cliques: string[][] = [];
  let covered = 0;
  ordered.forEach((_, first) => {
    let last = first;
    while (last + 1 < ordered.length) {
      const next = ordered[last + 1] ?? "";
      if (ordered.slice(first, last + 1).some((variant) => differ(variant, next))) break;
      last += 1;
    }
    if (last > first && last + 1 > covered) cliques.push(ordered.slice(first, last + 1));
    covered = Math.max(covered, last + 1);
  });
  return cliques;
}

function pairsOf(names: readonly string[]): (readonly [string, string])[] {
  return names.flatMap((a, index) => names.slice(index + 1).map((b) => [a, b] as const));
}

function differencesOf(first: readonly number[], second: readonly number[]): number[] {
  return first.map((value, index) => value - (second[index] ?? Number.NaN));
}

function requireTable(scores: { readonly [variant: string]: readonly number[] }): number {
  const entries = Object.entries(scores);
  const tasks = entries[0]?.[1].length ?? 0;
  if (entries.length < 2 || tasks < 2)
    throw new Error(
      `compareOverTasks: ${entries.length} variants on ${tasks} tasks, expected at least two of each; for one task use better`,
    );
  for (const [variant, values] of entries) {
    if (values.length !== tasks)
      throw new Error(
        `compareOverTasks: ${variant} has ${values.length} scores, ${entries[0]?.[0]} has ${tasks}; expected one per task`,
      );
    const place = values.findIndex((value) => !Number.isFinite(value));
    if (place >= 0)
      throw new Error(`compareOverTasks: score ${place} of ${variant} is ${values[place]}, expected a finite number`);
  }
  return tasks;
}
