import { meanInterval } from "../statistics/intervals.ts";
import type { Imported } from "../import/imported.ts";
import { hasMetric } from "../run/result.ts";
import type { UnitValue } from "../results.ts";
import { ranksOverTasks, type RanksOverTasks } from "./ranks-over-tasks.ts";
import type { ReportModel } from "./model.ts";
import { tuningDocument, type TuningDocument } from "./tuning-document.ts";

/** The contents of `results.json` and the output of `sluice run --json`. */
export interface ResultsDocument {
  readonly study: string;
  readonly budget: string;
  readonly code: string;
  readonly data: { readonly [name: string]: string };
  /** Where the report is; for a folder, the path of `report.html`. */
  readonly report: string;
  readonly summary: readonly {
    readonly task: string;
    readonly variant: string;
    readonly metric: string;
    readonly n: number;
    readonly mean: number | null;
    /** 95 % interval by Student's t, for folds after Nadeau and Bengio; `null` for fewer than two values. */
    readonly interval: readonly [number, number] | null;
    /** One value per seed, or per fold of a single seed. */
    readonly seeds: readonly UnitValue[];
  }[];
  readonly trials: readonly {
    readonly id: string;
    readonly task: string;
    readonly variant: string;
    readonly seed: number;
    /** From 0; `null` for a study without folds. */
    readonly fold: number | null;
    readonly status: string;
    readonly reason: string | null;
    readonly metrics: { readonly [metric: string]: number | null };
    readonly weights: string | null;
    readonly seconds: number | null;
    /** Where a trial is from that ran elsewhere; `null` for all others. */
    readonly imported: Imported | null;
    readonly folder: string;
  }[];
  readonly claims: ReportModel["claims"];
  /** Variants by their ranks over the tasks: absent for fewer than three variants or five tasks. */
  readonly overTasks?: RanksOverTasks;
  /** How a sweep tuned the settings; absent for a run. */
  readonly tuning?: TuningDocument;
}

/** The results of a run as plain data. */
export function documentOf(report: string, model: ReportModel): ResultsDocument {
  const { manifest, results, claims } = model;
  const tuning = tuningDocument(model);
  const overTasks = ranksOverTasks(results);
  return {
    study: manifest.name,
    budget: manifest.budget,
    code: manifest.code,
    data: manifest.data,
    report,
    summary: manifest.tasks.flatMap((task) =>
      manifest.variants.flatMap((variant) =>
        Object.entries(manifest.metrics).flatMap(([metric, described]) => {
          if (!hasMetric(described, task)) return [];
          const seeds = results.values({ task, variant, metric });
          const { mean, low, high } = meanInterval(
            seeds.map((entry) => entry.value),
            { overlap: results.folds?.overlap ?? 0 },
          );
          return {
            task,
            variant,
            metric,
            n: seeds.length,
            mean: Number.isFinite(mean) ? mean : null,
            interval: Number.isFinite(low) ? ([low, high] as const) : null,
            seeds,
          };
        }),
      ),
    ),
    trials: results.trials.map(
      ({ id, task, variant, seed, fold, status, reason, metrics, weights, seconds, imported, folder: path }) => ({
        id,
        task,
        variant,
        seed,
        fold: fold?.index ?? null,
        status,
        reason: reason ?? null,
        metrics,
        weights: weights ?? null,
        seconds: seconds ?? null,
        imported: imported ?? null,
        folder: path,
      }),
    ),
    claims,
    ...(overTasks === null ? {} : { overTasks }),
    ...(tuning === null ? {} : { tuning }),
  };
}
