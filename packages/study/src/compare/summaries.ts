import { resultsOf, type Results, type UnitValue } from "../results.ts";
import { readRun } from "../run/read-run.ts";
import type { Store } from "../run/store.ts";
import { meanInterval } from "../statistics/intervals.ts";
import { meanTest } from "../statistics/tests.ts";

/** One metric of one task and variant, in several runs. */
export interface ComparedMetric {
  readonly task: string;
  readonly variant: string;
  readonly metric: string;
  /** As the first run labels it. */
  readonly label: string;
  /** Digits after the point, if the study says so. */
  readonly digits?: number;
  /** One for each run. */
  readonly runs: readonly RunSummary[];
}

/** The values of a metric in one run, and how they differ from those of the first run. */
export interface RunSummary {
  readonly n: number;
  /** How many of the trials behind the values were imported. */
  readonly imported: number;
  /** NaN without a value. */
  readonly mean: number;
  /** The 95 % interval of the mean by Student's t, corrected for folds of one seed; NaN for fewer than two values. */
  readonly low: number;
  readonly high: number;
  /** `null` for the first run, and where no seed is in both. */
  readonly difference: PairedDifference | null;
}

/** A mean difference between two runs over the seeds (or folds) that both have. */
export interface PairedDifference {
  readonly pairs: number;
  /** This run minus the first. */
  readonly mean: number;
  /** The 95 % interval, by Student's t of pairs. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, by the paired t test; not corrected for the number of comparisons. */
  readonly p: number;
}

/** Several runs. */
export interface ComparedRuns {
  readonly metrics: readonly ComparedMetric[];
  /** What could not be read, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Compares several runs by the means of their metrics, for the tasks, variants and metrics that the first run shares
 * with any other. Differences are taken seed by seed.
 */
export async function compareSummaries(stores: readonly Store[]): Promise<ComparedRuns> {
  const problems: string[] = [];
  const all: Results[] = [];
  for (const store of stores) all.push(await resultsIn(store, problems));
  const [first, ...others] = all;
  if (first === undefined) return { metrics: [], problems };
  const metrics = first.tasks.flatMap((task) =>
    first.variants.flatMap((variant) =>
      Object.entries(first.metrics).flatMap(([metric, { label, digits }]) => {
        const where = { task, variant, metric };
        const own = valuesIn(first, where);
        const rest = others.map((results) => ({ results, values: valuesIn(results, where) }));
        if (rest.every(({ values }) => values.length === 0)) return [];
        const runs = [
          summaryOf(first, own, { where, first: null }),
          ...rest.map(({ results, values }) => summaryOf(results, values, { where, first: own })),
        ];
        return [{ ...where, label, ...(digits === undefined ? {} : { digits }), runs }];
      }),
    ),
  );
  return { metrics, problems };
}

async function resultsIn(store: Store, problems: string[]): Promise<Results> {
  const { manifest, trials, problems: own } = await readRun(store);
  problems.push(...own);
  const { tasks, variants, metrics } = manifest;
  return resultsOf({ tasks, variants, metrics, trials: trials.map(({ record }) => record) });
}

type Where = { readonly task: string; readonly variant: string; readonly metric: string };

const valuesIn = (results: Results, where: Where): readonly UnitValue[] =>
  results.tasks.includes(where.task) && results.variants.includes(where.variant) ? results.values(where) : [];

function summaryOf(
  { folds, of }: Results,
  values: readonly UnitValue[],
  { where, first }: { readonly where: Where; readonly first: readonly UnitValue[] | null },
): RunSummary {
  const overlap = folds?.overlap ?? 0;
  const own = values.length === 0 ? [] : of(where);
  const { mean, low, high } = meanInterval(
    values.map(({ value }) => value),
    { overlap },
  );
  return {
    n: values.length,
    imported: own.filter(({ imported, status }) => imported !== undefined && status === "done").length,
    mean,
    low,
    high,
    difference: first === null ? null : differenceOf(first, values, overlap),
  };
}

function differenceOf(
  first: readonly UnitValue[],
  second: readonly UnitValue[],
  overlap: number,
): PairedDifference | null {
  const differences = second.flatMap(({ seed, fold, value }) => {
    const partner = first.find((one) => one.seed === seed && one.fold?.index === fold?.index);
    return partner === undefined ? [] : [value - partner.value];
  });
  if (differences.length === 0) return null;
  const { mean, low, high } = meanInterval(differences, { overlap });
  return { pairs: differences.length, mean, low, high, p: meanTest(differences, 0, overlap) };
}
