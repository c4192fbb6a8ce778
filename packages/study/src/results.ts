import type { Metric } from "./study.ts";
import type { Series } from "./trial.ts";

/** Where a trial stands. Every status but `done` keeps its reason and is shown in the report. */
export type TrialStatus = "done" | "diverged" | "failed" | "interrupted" | "unreadable" | "waiting";

/** One trial as read back from its folder. */
export interface TrialRecord {
  readonly id: string;
  /** Path of the trial's folder. */
  readonly folder: string;
  readonly task: string;
  readonly variant: string;
  readonly seed: number;
  readonly status: TrialStatus;
  /** Why, for every status but `done`. */
  readonly reason?: string;
  /** Summary value by metric; `null` where there is none. */
  readonly metrics: { readonly [metric: string]: number | null };
  readonly weights?: string;
  /** Seconds of work, over all sessions of a resumed trial. */
  readonly seconds?: number;
  readonly warnings: readonly string[];
}

/** A named artefact of a trial, as read back. */
export interface StoredSeries extends Series {
  readonly name: string;
  readonly x: Series["x"] & { readonly values: readonly number[] };
  readonly lines: { readonly [name: string]: readonly number[] };
}

/** What a claim is tested against: the trials of one run of a study. */
export interface Results {
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  /** All trials, failed and diverged ones too. */
  readonly trials: readonly TrialRecord[];
  /** The trials of one cell of the table, by seed. */
  of(where: { readonly task: string; readonly variant: string }): readonly TrialRecord[];
  /** Summary values of the trials that are done and have one, by seed. */
  values(where: {
    readonly task: string;
    readonly variant: string;
    readonly metric: string;
  }): readonly { readonly seed: number; readonly value: number }[];
  /** Names of the artefacts that the trials of a cell have. */
  seriesNames(where: { readonly task: string; readonly variant: string }): readonly string[];
  /** An artefact written by `context.series`, from every trial that has it. */
  series(where: {
    readonly task: string;
    readonly variant: string;
    readonly name: string;
  }): readonly { readonly seed: number; readonly series: StoredSeries }[];
}

export interface ResultsParts {
  readonly tasks: readonly string[];
  readonly variants: readonly string[];
  readonly metrics: { readonly [metric: string]: Metric };
  readonly trials: readonly TrialRecord[];
  /** Artefacts by the id of the trial. */
  readonly series?: ReadonlyMap<string, readonly StoredSeries[]>;
}

export function resultsOf(parts: ResultsParts): Results {
  const of: Results["of"] = ({ task, variant }) =>
    parts.trials.filter((trial) => trial.task === task && trial.variant === variant).sort((a, b) => a.seed - b.seed);
  return {
    tasks: parts.tasks,
    variants: parts.variants,
    metrics: parts.metrics,
    trials: parts.trials,
    of,
    values: ({ metric, ...where }) =>
      of(where).flatMap((trial) => {
        const value = trial.metrics[metric];
        return trial.status === "done" && typeof value === "number" ? [{ seed: trial.seed, value }] : [];
      }),
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
