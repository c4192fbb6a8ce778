import type { Metric } from "./study.ts";
import type { Fold } from "./folds.ts";
import type { Imported } from "./import/imported.ts";
import type { PlannedTrial } from "./plan.ts";
import { mean } from "./statistics/summary.ts";
import type { Series, Settings } from "./trial.ts";

/** The status of a trial. Every status except `done` has a reason and is shown in the report. */
export type TrialStatus = "done" | "diverged" | "failed" | "interrupted" | "unreadable" | "waiting";

/** SHA-256 of a trial's files, by name. */
export type FileHashes = { readonly [name: string]: string };

/** A trial as read from its folder. */
export interface TrialRecord {
  readonly id: string;
  /** Path of the trial's folder. */
  readonly folder: string;
  readonly task: string;
  readonly variant: string;
  readonly seed: number;
  /** Absent for a study without folds. */
  readonly fold?: Fold;
  /** The settings that a tuning trial tries; absent for all others. */
  readonly tuning?: Settings;
  /** Where a trial is from that ran elsewhere; absent for all others. */
  readonly imported?: Imported;
  readonly status: TrialStatus;
  /** The reason for every status except `done`. */
  readonly reason?: string;
  /** Summary value by metric; `null` if there is none. */
  readonly metrics: { readonly [metric: string]: number | null };
  readonly weights?: string;
  /** Why the same trial may give other bits on another machine; absent if it gives the same ones. */
  readonly varies?: string;
  /** Absent if the trial has kept no files. */
  readonly files?: FileHashes;
  /** The number of trained parameters, if the trial has told it. */
  readonly parameters?: number;
  /** Seconds of work, over all sessions of a resumed trial. */
  readonly seconds?: number;
  /** When it ended, as ISO 8601 in UTC. */
  readonly finished?: string;
  /** Seconds that its process took before the trial began; absent if it had no process of its own. */
  readonly startup?: number;
  /** The bytes that its process has held at most; absent if it had no process of its own. */
  readonly memory?: number;
  readonly warnings: readonly string[];
}

/** The reason for a trial that was started and has no result. */
export const UNFINISHED = {
  status: "interrupted",
  reason: "ended without a result; resumes from its last checkpoint",
} as const;

/** The record of a trial about which nothing else is known. */
export function recordOf(
  { id, task, variant, seed, fold, tuning, imported }: PlannedTrial,
  folder: string,
  { status, reason }: { readonly status: TrialStatus; readonly reason: string },
): TrialRecord {
  const common = { id, folder, task, variant, seed, status, reason, metrics: {}, warnings: [] };
  return {
    ...common,
    ...(fold !== undefined && { fold }),
    ...(tuning !== undefined && { tuning }),
    ...(imported !== undefined && { imported }),
  };
}

/** What counts as one value when a metric is averaged or two variants are compared. */
export interface UnitValue {
  readonly seed: number;
  /** If a single seed has folds, each of them counts as one value. */
  readonly fold?: Fold;
  /** For a seed with folds, the mean over them. */
  readonly value: number;
}

/** A named artifact of a trial, as read from the store. */
export interface StoredSeries extends Series {
  readonly name: string;
  readonly x: Series["x"] & { readonly values: readonly number[] };
  readonly lines: { readonly [name: string]: readonly number[] };
}

/** What a claim is tested with: the trials of one run of a study. */
export interface Results {
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  /** All trials, including failed and diverged ones. */
  readonly trials: readonly TrialRecord[];
  /** The trials of one cell of the table, by seed. */
  of(where: { readonly task: string; readonly variant: string }): readonly TrialRecord[];
  /**
   * Summary values, one per seed that is done and has one. With folds, the value of a seed is the mean over its folds;
   * a seed without all its folds has none. For a single seed the values are those of its folds.
   */
  values(where: { readonly task: string; readonly variant: string; readonly metric: string }): readonly UnitValue[];
  /** Absent if values belong to seeds. The values of the folds of one seed share training data ({@link FoldUnits}). */
  readonly folds?: FoldUnits;
  /** Names of the artifacts of the trials of a cell. */
  seriesNames(where: { readonly task: string; readonly variant: string }): readonly string[];
  /** An artifact written by `context.series`, from every trial that has it. */
  series(where: {
    readonly task: string;
    readonly variant: string;
    readonly name: string;
  }): readonly { readonly seed: number; readonly series: StoredSeries }[];
}

/**
 * The values belong to the folds of one seed. They are not independent, because any two folds share most of their
 * training data. The usual t test would find differences where there are none. Nadeau and Bengio (2003, "Inference for
 * the generalization error") correct this: the variance of the mean of n values is s² (1/n + test rows / training
 * rows). They derived it for random divisions; Bouckaert and Frank (2004) use it for folds too.
 */
export interface FoldUnits {
  /** Test rows / training rows: 1 / (k - 1) for k folds. */
  readonly overlap: number;
}

export interface ResultsParts {
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  readonly trials: readonly TrialRecord[];
  /** Artifacts by the id of the trial. */
  readonly series?: ReadonlyMap<string, readonly StoredSeries[]>;
}

/** The results of trials. Tuning trials have no part in them. */
export function resultsOf(parts: ResultsParts): Results {
  const trials = parts.trials.filter(({ tuning }) => tuning === undefined);
  const of: Results["of"] = ({ task, variant }) =>
    trials
      .filter((trial) => trial.task === task && trial.variant === variant)
      .sort((a, b) => a.seed - b.seed || (a.fold?.index ?? 0) - (b.fold?.index ?? 0));
  const [some] = trials.flatMap(({ fold }) => fold ?? []);
  const seeds = new Set(trials.map(({ seed }) => seed));
  const units = some !== undefined && seeds.size === 1 ? { folds: { overlap: 1 / (some.of - 1) } } : {};
  return {
    ...units,
    tasks: parts.tasks,
    variants: parts.variants,
    metrics: parts.metrics,
    trials,
    of,
    values: ({ metric, ...where }) => {
      const own = of(where);
      if ("folds" in units || some === undefined) return own.flatMap((trial) => valueOf(trial, metric));
      return [...new Set(own.map(({ seed }) => seed))].flatMap((seed) => {
        const folds = own.filter((trial) => trial.seed === seed);
        const values = folds.flatMap((trial) => valueOf(trial, metric));
        return values.length < folds.length ? [] : [{ seed, value: mean(values.map(({ value }) => value)) }];
      });
    },
    seriesNames: (where) => [
      ...new Set(of(where).flatMap((trial) => (parts.series?.get(trial.id) ?? []).map((series) => series.name))),
    ],
    series: ({ name, ...where }) =>
      of(where).flatMap((trial) => {
        const found = parts.series?.get(trial.id)?.find((series) => series.name === name);
        return found === undefined ? [] : [{ seed: trial.seed, series: found }];
      }),
  };
}

function valueOf({ seed, fold, status, metrics }: TrialRecord, metric: string): UnitValue[] {
  const value = metrics[metric];
  if (status !== "done" || typeof value !== "number") return [];
  return [fold === undefined ? { seed, value } : { seed, fold, value }];
}
